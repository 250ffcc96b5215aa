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

TEST(PowerOutage, TakesTheMainsAndLeavesTheCharge) {
  const Strike strike = plan({"power.outage", R"({"select": {"pid": 10}, "charge": "60 %"})"},
                             facts_with({victim(10, "agent")}))
                            .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  const json::object& change = strike.changes[0].params;
  EXPECT_EQ(strike.changes[0].kind, "power.supply");
  EXPECT_EQ(text_at(change, "from"), "60 %");
  EXPECT_EQ(text_at(change, "to"), "60 %");
  EXPECT_EQ(text_at(change, "over"), "0 s");
  EXPECT_FALSE(bool_at(change, "mains_online", true));
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "power.offline");
}

TEST(PowerOutage, RefusesTwoVictimsAndOddCharges) {
  const Facts two = facts_with({victim(10, "a"), victim(11, "a")});
  EXPECT_EQ(plan({"power.outage", R"({"select": {"name": "a"}})"}, two).error().code,
            Code::invalid);
  EXPECT_THAT(mistake("power.outage", R"({"select": {"pid": 1}, "charge": "101 %"})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
