#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;

TEST(CpuBurn, BurnsAllCoresWhenNoNumberIsGiven) {
  const Strike strike = plan({"cpu.burn", "{}"}, facts_with({})).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cpu.burner");
  EXPECT_EQ(canonical_json(strike.changes[0].params), R"({"cores":4,"load":"100 %"})");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "cpu.busy");
  EXPECT_EQ(strike.watches[0].params, strike.changes[0].params);
  EXPECT_EQ(strike.target, "4 of 4 cores at 100 %");
}

TEST(CpuBurn, TakesLoadAndCores) {
  const Strike strike =
      plan({"cpu.burn", R"({"load": "30 %", "cores": 2})"}, facts_with({})).value();
  EXPECT_EQ(canonical_json(strike.changes.at(0).params), R"({"cores":2,"load":"30 %"})");
}

TEST(CpuBurn, RampsUpAndIsWatchedAtItsFootAndItsTop) {
  const Strike strike =
      plan({"cpu.burn", R"({"load": "80 %", "cores": 2, "from": "10 %", "ramp": "30 s"})"},
           facts_with({}))
          .value();
  EXPECT_EQ(canonical_json(strike.changes.at(0).params),
            R"({"cores":2,"from":"10 %","load":"80 %","ramp":"30 s"})");
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(canonical_json(strike.watches[0].params), R"({"cores":2,"load":"20 %"})");
  EXPECT_EQ(canonical_json(strike.watches[1].params), R"({"cores":2,"load":"80 %"})");
  for (const Watch& watch : strike.watches) EXPECT_EQ(watch.within, seconds(35));
  EXPECT_EQ(strike.target, "2 of 4 cores at 80 %, coming from 10 % over 30 s");
}

TEST(CpuBurn, RampsDownAndIsWatchedForWhatIsThereAllTheTime) {
  const Strike strike =
      plan({"cpu.burn", R"({"load": "20 %", "cores": 1, "from": "90 %", "ramp": "2 s"})"},
           facts_with({}))
          .value();
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(canonical_json(strike.watches[0].params), R"({"cores":1,"load":"20 %"})");
}

TEST(CpuBurn, RefusesABeginningWithoutARamp) {
  EXPECT_THAT(mistake("cpu.burn", R"({"load": "80 %", "from": "10 %"})"),
              testing::HasSubstr("no time to come from it"));
}

TEST(CpuBurn, RefusesMoreCoresThanTheHostHas) {
  const Result<Strike> strike = plan({"cpu.burn", R"({"cores": 5})"}, facts_with({}));
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::invalid);
  EXPECT_THAT(strike.error().message, testing::HasSubstr("this host has 4"));
}

TEST(CpuBurn, RefusesALoadBeyondItsBounds) {
  EXPECT_THAT(mistake("cpu.burn", R"({"load": "101 %"})"), testing::HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("cpu.burn", R"({"load": "1 %"})"), testing::HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("cpu.burn", R"({"load": "80"})"), testing::HasSubstr("percent"));
}

}  // namespace
}  // namespace squall::fault
