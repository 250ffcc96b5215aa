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

TEST(PowerBattery, DrainsInTheNamespaceOfOneVictim) {
  const Strike strike = plan({"power.battery",
                              R"({"select": {"pid": 10}, "from": "20 %", "to": "5 %",
                                  "over": "30 s"})"},
                             facts_with({victim(10, "agent")}))
                            .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  const json::object& change = strike.changes[0].params;
  EXPECT_EQ(strike.changes[0].kind, "power.supply");
  EXPECT_EQ(integer_at(change, "pid"), 10);
  EXPECT_EQ(text_at(change, "from"), "20 %");
  EXPECT_EQ(text_at(change, "to"), "5 %");
  EXPECT_EQ(text_at(change, "over"), "30 s");
  EXPECT_FALSE(bool_at(change, "mains_online", true));
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "power.draining");
  EXPECT_EQ(strike.target, "agent (pid 10) and all others in its mount namespace");
}

TEST(PowerBattery, WantsOneVictimWhoStandsForAll) {
  const Facts two = facts_with({victim(10, "a"), victim(11, "a")});
  const Result<Strike> strike = plan({"power.battery", R"({"select": {"name": "a"}})"}, two);
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::invalid);
  EXPECT_THAT(strike.error().next, HasSubstr("pick: one"));
  EXPECT_EQ(plan({"power.battery", R"({"select": {"name": "b"}})"}, Facts{}).error().code,
            Code::not_found);
}

TEST(PowerBattery, RefusesABatteryThatFillsItself) {
  EXPECT_THAT(mistake("power.battery", R"({"select": {"pid": 1}, "from": "20 %", "to": "20 %"})"),
              HasSubstr("not below that at the start"));
  EXPECT_THAT(mistake("power.battery", R"({"select": {"pid": 1}, "from": "120 %"})"),
              HasSubstr("out of bounds"));
}

TEST(PowerBattery, NeedsRootAndSaysSo) {
  sys::HostFacts host{.kernel = "6.1.0"};
  const auto needs = find(catalogue(), "power.battery")->needs(host);
  EXPECT_TRUE(needs[0].met);
  EXPECT_FALSE(needs[1].met);
  EXPECT_THAT(needs[1].reason, HasSubstr("not root"));
}

}  // namespace
}  // namespace squall::fault
