#include "faults/amount.h"

#include <gtest/gtest.h>

namespace squall::fault {
namespace {

constexpr Supply supply{.available = 400, .total = 1000};

std::uint64_t settled(const Amount& amount) {
  return settle(amount, supply).value();
}
Facts facts_of(std::string_view path, std::string_view text) {
  Facts facts;
  facts.files[std::string(path)] = {.exists = true, .content = std::string(text)};
  return facts;
}

TEST(Amount, IsSettledAgainstWhatIsThere) {
  EXPECT_EQ(settled({.fixed = 5}), 5U);
  EXPECT_EQ(settled({.share = 0.5}), 200U);
  EXPECT_EQ(settled({.share = 0.5, .of = Whole::total}), 500U);
  EXPECT_EQ(settled({.share = 2, .of = Whole::total}), 2000U) << "the guardian refuses it";
  EXPECT_EQ(settled({.leave = 100}), 300U);
  EXPECT_EQ(settled({.fixed = 50, .leave = 100}), 50U);
  EXPECT_EQ(settled({.fixed = 350, .leave = 100}), 300U);
  EXPECT_EQ(settle({.leave = 400}, supply).error().code, Code::refused);
}

TEST(Amount, IsSaidInOneWay) {
  EXPECT_TRUE(check_amount({.fixed = 1}, "size", "leave_free").ok());
  EXPECT_TRUE(check_amount({.share = 0.1, .leave = 1}, "size", "leave_free").ok());
  EXPECT_TRUE(check_amount({.leave = 1}, "size", "leave_free").ok());
  EXPECT_FALSE(check_amount({}, "size", "leave_free").ok());
  EXPECT_FALSE(check_amount({.fixed = 1, .share = 0.1}, "size", "leave_free").ok());
}

TEST(Amount, ReadsTheSuppliesOfAHost) {
  const Supply memory =
      memory_supply(
          facts_of("/proc/meminfo", "MemTotal:  1000 kB\nMemFree: 1 kB\nMemAvailable:    400 kB\n"))
          .value();
  EXPECT_EQ(memory.available, 400U * 1024);
  EXPECT_EQ(memory.total, 1000U * 1024);
  const Supply files =
      descriptor_supply(facts_of("/proc/sys/fs/file-nr", "600\t0\t1000\n")).value();
  EXPECT_EQ(files.available, 400U);
  EXPECT_EQ(files.total, 1000U);
  Facts facts = facts_of("/proc/loadavg", "0.10 0.20 0.30 2/345 6789\n");
  facts.files["/proc/sys/kernel/pid_max"] = {.exists = true, .content = "32768\n"};
  facts.files["/proc/sys/kernel/threads-max"] = {.exists = true, .content = "1345\n"};
  EXPECT_EQ(process_supply(facts)->available, 1000U);
  EXPECT_EQ(process_supply(facts)->total, 1345U);
}

TEST(Amount, IsVisibleFromAPartOn) {
  EXPECT_EQ(visible_part(1000, Duration{}), 990);
  EXPECT_EQ(visible_part(1000, seconds(1)), 495);
  EXPECT_EQ(visible_part(1000, seconds(20)), 49);
}

TEST(Amount, SaysWhenAFigureIsMissing) {
  EXPECT_EQ(memory_supply({}).error().code, Code::unsupported);
  EXPECT_EQ(descriptor_supply(facts_of("/proc/sys/fs/file-nr", "1 2 3")).error().code,
            Code::unsupported);
  EXPECT_EQ(process_supply(facts_of("/proc/loadavg", "0.1")).error().code, Code::unsupported);
}

}  // namespace
}  // namespace squall::fault
