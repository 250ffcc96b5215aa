#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

TEST(QueuePoison, PushesAndWatchesForTheSameForms) {
  const Strike strike =
      plan({"queue.poison", R"({"port": 7000, "to": "jobs", "messages": 8, "side": "left",
                                "families": ["json"], "password": "${file:/run/key}"})"},
           {})
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "redis.messages");
  const json::object& params = strike.changes[0].params;
  EXPECT_EQ(integer_at(params, "messages"), 8);
  EXPECT_EQ(params.at("families"), json::array({"json"}));
  EXPECT_EQ(text_at(params, "side"), "left");
  EXPECT_EQ(text_at(params, "list"), "jobs");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "redis.poisoned");
  EXPECT_EQ(strike.watches[0].params.at("messages"), params.at("messages"));
  EXPECT_FALSE(strike.watches[0].params.contains("side"));
}

TEST(QueuePoison, PublishesNothingButPoisonToNats) {
  const Strike strike =
      plan({"queue.poison", R"({"queue": "nats", "port": 4222, "to": "jobs", "messages": 3})"}, {})
          .value();
  EXPECT_EQ(strike.changes[0].kind, "traffic.flood");
  EXPECT_EQ(text_at(strike.changes[0].params, "invalid"), "100 %");
  EXPECT_EQ(integer_at(strike.changes[0].params, "count"), 3);
  EXPECT_EQ(integer_at(strike.changes[0].params, "connections"), 1);
  EXPECT_EQ(strike.watches[0].witness, "nats.fed");
  EXPECT_EQ(text_at(strike.watches[0].params, "rate"), "6 /s")
      << "three messages within the half second that the witness looks back";
}

TEST(QueuePoison, RefusesWhatCannotBePoisoned) {
  EXPECT_THAT(mistake("queue.poison", R"({"queue": "http", "port": 80, "to": "/a"})"),
              HasSubstr("http.malformed"));
  EXPECT_THAT(mistake("queue.poison", R"({"port": 1, "to": "a", "families": ["x"]})"),
              HasSubstr("no family of poison"));
  EXPECT_THAT(mistake("queue.poison", R"({"port": 1, "to": "a", "messages": 5000})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("queue.poison", R"({"port": 1, "to": "a", "messages": 900,
                                          "families": ["oversize"]})"),
              HasSubstr("more than 16 MiB"));
}

}  // namespace
}  // namespace squall::fault
