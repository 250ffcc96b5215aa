#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

TEST(PostgresSlow, LocksTheTableThatItWatches) {
  const Strike strike = plan({"postgres.slow", R"({"lock": "shop.orders"})"}, {}).value();
  EXPECT_EQ(strike.changes.at(0).kind, "postgres.sessions");
  EXPECT_EQ(text_at(strike.changes[0].params, "work"), "lock");
  EXPECT_EQ(integer_at(strike.changes[0].params, "sessions"), 1);
  EXPECT_EQ(text_at(strike.changes[0].params, "relation"), "shop.orders");
  EXPECT_EQ(strike.watches.at(0).witness, "postgres.locked");
  EXPECT_EQ(text_at(strike.watches[0].params, "relation"), "shop.orders");
  EXPECT_THAT(strike.target, HasSubstr("\"shop.orders\" in the PostgreSQL"));
}

TEST(PostgresSlow, OrComputesInSessionsThatItCounts) {
  const Strike strike = plan({"postgres.slow", R"({"busy": 4})"}, {}).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "work"), "busy");
  EXPECT_EQ(integer_at(strike.changes[0].params, "sessions"), 4);
  EXPECT_EQ(strike.watches.at(0).witness, "postgres.busy");
  EXPECT_EQ(integer_at(strike.watches[0].params, "sessions"), 4);
}

TEST(PostgresSlow, DoesOneOfBoth) {
  EXPECT_THAT(mistake("postgres.slow", "{}"), HasSubstr("exactly one of lock and busy"));
  EXPECT_THAT(mistake("postgres.slow", R"({"lock": "a", "busy": 1})"), HasSubstr("exactly one"));
}

}  // namespace
}  // namespace squall::fault
