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

TEST(ProcessPriority, SetsEachVictimToTheLowestUnlessToldOtherwise) {
  const Facts facts = facts_with({victim(10, "redis-server"), victim(11, "redis-server")});
  const Strike strike =
      plan({"process.priority", R"({"select": {"name": "redis-server"}})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  EXPECT_EQ(strike.changes[1].kind, "process.priority");
  EXPECT_EQ(canonical_json(strike.changes[1].params), R"({"nice":19,"pid":11,"start_ticks":110})");
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(strike.watches[1].witness, "process.reniced");
  EXPECT_EQ(strike.watches[1].params, strike.changes[1].params);
  const Strike raised =
      plan({"process.priority", R"({"select": {"pid": 10}, "nice": -5})"}, facts).value();
  EXPECT_EQ(integer_at(raised.changes.at(0).params, "nice"), -5);
}

TEST(ProcessPriority, RefusesWhatIsNoNiceValueAndNobody) {
  EXPECT_THAT(mistake("process.priority", R"({"select": {"pid": 10}, "nice": 20})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("process.priority", R"({"select": {"pid": 10}, "nice": -21})"),
              HasSubstr("out of bounds"));
  EXPECT_EQ(plan({"process.priority", R"({"select": {"pid": 10}})"}, Facts{}).error().code,
            Code::not_found);
}

}  // namespace
}  // namespace squall::fault
