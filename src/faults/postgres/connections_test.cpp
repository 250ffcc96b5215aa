#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

TEST(PostgresConnections, TakesAllThatAreLeftAndWatchesForTheRefusal) {
  const Strike strike = plan({"postgres.connections",
                              R"({"host": "/run/pg", "port": 5433, "database": "shop",
                                  "username": "app", "password": "${file:/run/key}"})"},
                             {})
                            .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  const json::object& params = strike.changes[0].params;
  EXPECT_EQ(strike.changes[0].kind, "postgres.sessions");
  EXPECT_EQ(text_at(params, "work"), "idle");
  EXPECT_EQ(integer_at(params, "sessions"), 5000);
  EXPECT_TRUE(bool_at(params, "may_be_fewer"));
  EXPECT_EQ(text_at(params, "database"), "shop");
  EXPECT_EQ(text_at(params, "password"), "${file:/run/key}");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "postgres.crowded");
  EXPECT_EQ(integer_at(strike.watches[0].params, "sessions", -1), 0);
  EXPECT_EQ(text_at(strike.watches[0].params, "username"), "app");
  EXPECT_EQ(strike.target, "PostgreSQL at /run/pg:5433");
}

TEST(PostgresConnections, TakesExactlyAsManyAsAsked) {
  const Strike strike = plan({"postgres.connections", R"({"sessions": 7})"}, {}).value();
  EXPECT_EQ(integer_at(strike.changes[0].params, "sessions"), 7);
  EXPECT_FALSE(bool_at(strike.changes[0].params, "may_be_fewer", true));
  EXPECT_EQ(integer_at(strike.watches[0].params, "sessions"), 7);
}

TEST(PostgresConnections, RefusesAPasswordInTheDocument) {
  const std::string refused = mistake("postgres.connections", R"({"password": "hunter2"})");
  EXPECT_THAT(refused, HasSubstr("may not stand in a document"));
  EXPECT_EQ(refused.find("hunter2"), std::string::npos);
  EXPECT_THAT(mistake("postgres.connections", R"({"sessions": 9000})"), HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
