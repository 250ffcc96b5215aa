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

Strike drift(std::string_view params) {
  return plan({"clock.drift", params}, facts_with({victim(10, "redis-server")})).value();
}

TEST(ClockDrift, TurnsTheRateIntoPartsPerBillion) {
  const Strike fast = drift(R"({"select": {"pid": 10}, "rate": "500 ppm"})");
  ASSERT_EQ(fast.changes.size(), 1U);
  EXPECT_EQ(fast.changes[0].kind, "process.clock");
  EXPECT_EQ(integer_at(fast.changes[0].params, "rate_ppb"), 500'000);
  EXPECT_EQ(integer_at(fast.changes[0].params, "offset_ns"), 0);
  const Strike slow = drift(R"({"select": {"pid": 10}, "rate": "10 %", "direction": "slow"})");
  EXPECT_EQ(integer_at(slow.changes[0].params, "rate_ppb"), -100'000'000);
}

TEST(ClockDrift, IsWatchedWithEyesForSmallThings) {
  const Strike strike = drift(R"({"select": {"pid": 10}, "rate": "500 ppm"})");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "clock.skewed");
  EXPECT_EQ(text_at(strike.watches[0].params, "at_least"), "50 us");
}

TEST(ClockDrift, RefusesRatesThatNoClockHas) {
  EXPECT_THAT(mistake("clock.drift", R"({"select": {"pid": 10}, "rate": "60 %"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("clock.drift", R"({"select": {"pid": 10}, "rate": "1 ppm"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("clock.drift", R"({"select": {"pid": 10}, "rate": "500"})"),
              HasSubstr("no percent sign"));
}

}  // namespace
}  // namespace squall::fault
