#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts host_with(std::string_view available) {
  Facts facts = facts_with({});
  facts.host.memory = Bytes{8ULL << 30};
  facts.files["/proc/meminfo"] = {.exists = true,
                                  .content = "MemTotal:        8388608 kB\nMemAvailable:    " +
                                             std::string(available) + " kB\nBuffers: 12 kB\n"};
  return facts;
}

std::string size_of(std::string_view params, const Facts& facts) {
  const Result<Strike> strike = plan({"memory.fill", params}, facts);
  if (!strike.ok()) return strike.error().message;
  return text_at(strike->changes.at(0).params, "size");
}

TEST(MemoryFill, TakesASizeInAFenceThatTheWitnessKnows) {
  const Strike strike =
      plan({"memory.fill", R"({"size": "200 MiB"})"}, host_with("4194304")).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "memory.ballast");
  const json::object& ballast = strike.changes[0].params;
  EXPECT_EQ(text_at(ballast, "size"), "200 MiB");
  EXPECT_EQ(text_at(ballast, "ramp"), "0 s");
  EXPECT_THAT(text_at(ballast, "fence"), testing::MatchesRegex("squall-memory-[0-9a-f]{8}"));
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "memory.filled");
  EXPECT_EQ(text_at(strike.watches[0].params, "group"), text_at(ballast, "fence"));
  EXPECT_EQ(text_at(strike.watches[0].params, "at_least"), "198 MiB") << "but one percent";
  EXPECT_EQ(strike.target, "200 MiB of the host's memory");
}

TEST(MemoryFill, TakesAShareOfWhatIsAvailableOrInstalled) {
  EXPECT_EQ(size_of(R"({"share": "50 %"})", host_with("4194304")), "2 GiB");
  EXPECT_EQ(size_of(R"({"share": "50 %", "of": "total"})", host_with("4194304")), "4 GiB");
  EXPECT_EQ(size_of(R"({"share": "200 %", "of": "total"})", host_with("4194304")), "16 GiB")
      << "the guardian refuses it";
}

TEST(MemoryFill, LeavesFreeWhatIsAskedFor) {
  EXPECT_EQ(size_of(R"({"leave_free": "1 GiB"})", host_with("4194304")), "3 GiB");
  EXPECT_EQ(size_of(R"({"size": "1 GiB", "leave_free": "1 GiB"})", host_with("4194304")), "1 GiB");
  EXPECT_EQ(size_of(R"({"size": "8 GiB", "leave_free": "1 GiB"})", host_with("4194304")), "3 GiB");
  const Result<Strike> none =
      plan({"memory.fill", R"({"leave_free": "5 GiB"})"}, host_with("4194304"));
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::refused);
  EXPECT_THAT(none.error().next, HasSubstr("leave less"));
}

TEST(MemoryFill, LeaksOverItsRampAndIsSeenFromItsFirstPartOn) {
  const Strike strike =
      plan({"memory.fill", R"({"size": "600 MiB", "ramp": "60 s"})"}, host_with("4194304")).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "ramp"), "1 min");
  const Bytes seen = parse_bytes(text_at(strike.watches.at(0).params, "at_least")).value();
  EXPECT_GT(seen.count, 8U << 20);
  EXPECT_LT(seen.count, 12U << 20);
  EXPECT_EQ(strike.target, "600 MiB of the host's memory over 1 min");
  const Result<Strike> slow =
      plan({"memory.fill", R"({"size": "10 MiB", "ramp": "1 h"})"}, host_with("4194304"));
  ASSERT_FALSE(slow.ok());
  EXPECT_THAT(slow.error().message, HasSubstr("too slow to be seen"));
}

TEST(MemoryFill, DoesWithoutAControlGroupWhereNoneCanBeMade) {
  Facts facts = host_with("4194304");
  facts.host.is_root = false;
  const Strike strike = plan({"memory.fill", R"({"size": "200 MiB"})"}, facts).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "fence"), "");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "group"), "");
}

TEST(MemoryFill, FindsTheMistakesInItsParameters) {
  EXPECT_THAT(mistake("memory.fill", "{}"), HasSubstr("not said how much"));
  EXPECT_THAT(mistake("memory.fill", R"({"size": "1 GiB", "share": "5 %"})"), HasSubstr("both"));
  EXPECT_THAT(mistake("memory.fill", R"({"size": "1024"})"), HasSubstr("no unit"));
  EXPECT_THAT(mistake("memory.fill", R"({"share": "201 %"})"), HasSubstr("out of bounds"));
  const Result<Strike> unknown = plan({"memory.fill", R"({"share": "10 %"})"}, facts_with({}));
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::unsupported);
}

}  // namespace
}  // namespace squall::fault
