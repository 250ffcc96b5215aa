#include "sys/vdso.h"

#include <csignal>
#include <ctime>

#include <gtest/gtest.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/process.h"

namespace squall::sys {
namespace {

TEST(Vdso, IsFoundWhereTheKernelSaysThatItIs) {
  EXPECT_EQ(vdso_base(::getpid()).value(), ::getauxval(AT_SYSINFO_EHDR));
  const std::string image = own_vdso().value();
  EXPECT_TRUE(
      image.starts_with("\x7f"
                        "ELF"));
  EXPECT_EQ(image.size() % 4096, 0U);
}

#if defined(__x86_64__)
TEST(Vdso, KnowsItsFunctionsByName) {
  const std::string image = own_vdso().value();
  const auto function = find_vdso_function(image, "__vdso_clock_gettime");
  ASSERT_TRUE(function.has_value());
  using Read = int (*)(clockid_t, timespec*);
  const std::uint64_t address = ::getauxval(AT_SYSINFO_EHDR) + function->offset;
  const auto read = reinterpret_cast<Read>(address);  // NOLINT(performance-no-int-to-ptr)
  timespec seen{};
  ASSERT_EQ(read(CLOCK_REALTIME, &seen), 0);
  EXPECT_NEAR(static_cast<double>(seen.tv_sec), static_cast<double>(::time(nullptr)), 2);
  EXPECT_FALSE(find_vdso_function(image, "__vdso_clock").has_value());
  EXPECT_FALSE(find_vdso_function(image, "").has_value());
}
#endif

TEST(Vdso, EndsInUnusedZeros) {
  const std::string image = own_vdso().value();
  const std::uint64_t padding = vdso_padding(image);
  EXPECT_EQ(padding % 64, 0U);
  EXPECT_EQ(image.find_first_not_of('\0', padding), std::string::npos);
  EXPECT_EQ(vdso_padding(std::string(4096, 'x')), 4096U) << "none";
}

TEST(Vdso, SurvivesImagesThatLie) {
  std::string image = own_vdso().value();
  EXPECT_FALSE(find_vdso_function(image.substr(0, 100), "__vdso_time").has_value());
  EXPECT_FALSE(find_vdso_function("", "__vdso_time").has_value());
  for (std::size_t i = 0; i < 64; ++i) {
    std::string broken = image;
    broken[i] = static_cast<char>(broken[i] ^ 0xff);
    static_cast<void>(find_vdso_function(broken, "__vdso_time"));
  }
}

TEST(Vdso, IsMissedWhereThereIsNone) {
  const pid_t child = ::fork();
  if (child == 0) ::_exit(0);
  ::waitpid(child, nullptr, 0);
  const Result<std::uint64_t> gone = vdso_base(child);
  ASSERT_FALSE(gone.ok());
  EXPECT_EQ(gone.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::sys
