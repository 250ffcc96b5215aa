#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using samples::victim;
using testing::HasSubstr;

TEST(ClockSkew, ShiftsEachVictimAndWatchesEach) {
  const Facts facts = facts_with({victim(10, "redis-server"), victim(11, "redis-server")});
  const Strike strike =
      plan({"clock.skew", R"({"select": {"name": "redis-server"}, "by": "90 s"})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  ASSERT_EQ(strike.watches.size(), 2U);
  const json::object& change = strike.changes[1].params;
  EXPECT_EQ(strike.changes[1].kind, "process.clock");
  EXPECT_EQ(integer_at(change, "pid"), 11);
  EXPECT_EQ(integer_at(change, "offset_ns"), 90'000'000'000);
  EXPECT_EQ(integer_at(change, "rate_ppb"), 0);
  EXPECT_EQ(strike.watches[1].witness, "clock.skewed");
  EXPECT_EQ(text_at(strike.watches[1].params, "at_least"), "45 s");
}

TEST(ClockSkew, GoesBackAsWell) {
  const Facts facts = facts_with({victim(10, "a")});
  const Strike strike =
      plan({"clock.skew", R"({"select": {"pid": 10}, "by": "1.5 ms", "direction": "behind"})"},
           facts)
          .value();
  EXPECT_EQ(integer_at(strike.changes[0].params, "offset_ns"), -1'500'000);
}

TEST(ClockSkew, RefusesWhatIsNoSkew) {
  EXPECT_THAT(mistake("clock.skew", R"({"select": {"pid": 10}, "by": "0 s"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("clock.skew", R"({"select": {"pid": 10}, "by": "-5 s"})"),
              HasSubstr("cannot be negative"));
  EXPECT_THAT(mistake("clock.skew", R"({"select": {"pid": 10}, "by": "20 d", "direction": "up"})"),
              HasSubstr("\"up\" is not one of the words"));
  EXPECT_THAT(mistake("clock.skew", R"({"select": {"pid": 10}, "by": "90 y"})"),
              HasSubstr("\"y\" is not a unit of time"));
}

TEST(ClockSkew, RefusesWhenNobodyMatches) {
  const Result<Strike> strike =
      plan({"clock.skew", R"({"select": {"pid": 99}, "by": "1 s"})"}, Facts{});
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::not_found);
}

TEST(ClockSkew, SaysWhichProcessorItNeeds) {
  const std::vector<sys::Need> needs = find(catalogue(), "clock.skew")->needs({});
  ASSERT_FALSE(needs.empty());
#if defined(__x86_64__)
  EXPECT_TRUE(needs[0].met);
#else
  EXPECT_THAT(needs[0].reason, HasSubstr("x86-64 only"));
#endif
}

}  // namespace
}  // namespace squall::fault
