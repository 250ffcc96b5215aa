#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts host() {
  Facts facts = facts_with({});
  facts.files["/proc/loadavg"] = {.exists = true, .content = "0.1 0.2 0.3 2/2000 77\n"};
  facts.files["/proc/sys/kernel/pid_max"] = {.exists = true, .content = "32000\n"};
  facts.files["/proc/sys/kernel/threads-max"] = {.exists = true, .content = "10000\n"};
  return facts;
}
std::int64_t count_of(std::string_view params) {
  return integer_at(plan({"host.processes", params}, host())->changes.at(0).params, "count");
}

TEST(HostProcesses, StartsThatManyInAFenceThatTheWitnessKnows) {
  const Strike strike = plan({"host.processes", R"({"count": 2000})"}, host()).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "processes.ballast");
  const json::object& ballast = strike.changes[0].params;
  EXPECT_EQ(integer_at(ballast, "count"), 2000);
  EXPECT_THAT(text_at(ballast, "fence"), testing::MatchesRegex("squall-processes-[0-9a-f]{8}"));
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "host.processes");
  EXPECT_EQ(text_at(strike.watches[0].params, "group"), text_at(ballast, "fence"));
  EXPECT_EQ(integer_at(strike.watches[0].params, "at_least"), 1980);
  EXPECT_EQ(strike.target, "2000 processes of the host");
}

TEST(HostProcesses, TakesAShareOrLeavesSomeFree) {
  EXPECT_EQ(count_of(R"({"share": "50 %"})"), 4000);
  EXPECT_EQ(count_of(R"({"share": "200 %", "of": "total"})"), 20'000);
  EXPECT_EQ(count_of(R"({"leave_free": 5000})"), 3000);
}

TEST(HostProcesses, DoesWithoutAControlGroupWhereNoneCanBeMade) {
  Facts facts = host();
  facts.host.is_root = false;
  const Strike strike = plan({"host.processes", R"({"count": 2000})"}, facts).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "fence"), "");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "group"), "");
}

TEST(HostProcesses, RefusesWhatCouldNotBeSeen) {
  EXPECT_THAT(plan({"host.processes", R"({"count": 5})"}, host()).error().message,
              HasSubstr("too few"));
  EXPECT_THAT(mistake("host.processes", "{}"), HasSubstr("not said how much"));
  EXPECT_EQ(plan({"host.processes", R"({"share": "5 %"})"}, facts_with({})).error().code,
            Code::unsupported);
}

}  // namespace
}  // namespace squall::fault
