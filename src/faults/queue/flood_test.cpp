#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

json::object say_of(const Strike& strike) {
  return strike.changes.at(0).params.at("say").as_object();
}

TEST(QueueFlood, FloodsARedisList) {
  const Strike strike =
      plan({"queue.flood", R"({"queue": "redis", "host": "10.0.0.5", "port": 7000, "to": "jobs",
                               "rate": "500 /s", "count": 900, "concurrency": 7,
                               "families": ["types"],
                               "password": "${file:/run/key}", "message": "hi"})"},
           {})
          .value();
  const json::object& params = strike.changes.at(0).params;
  EXPECT_EQ(strike.changes.at(0).kind, "traffic.flood");
  EXPECT_EQ(text_at(params, "protocol"), "redis");
  EXPECT_EQ(text_at(params, "host"), "10.0.0.5");
  EXPECT_EQ(integer_at(params, "count"), 900);
  EXPECT_EQ(integer_at(params, "connections"), 7);
  EXPECT_EQ(text_at(say_of(strike), "list"), "jobs");
  EXPECT_EQ(text_at(say_of(strike), "message"), "hi");
  EXPECT_EQ(say_of(strike).at("families"), json::array({"types"}));
  EXPECT_EQ(text_at(say_of(strike), "password"), "${file:/run/key}");
  EXPECT_EQ(strike.watches.at(0).witness, "redis.fed");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "rate"), "500 /s");
  EXPECT_EQ(strike.target, "the Redis list \"jobs\" at 10.0.0.5:7000");
}

TEST(QueueFlood, FloodsANatsSubject) {
  const Strike strike =
      plan({"queue.flood", R"({"queue": "nats", "port": 4222, "to": "jobs.new"})"}, {}).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "protocol"), "nats");
  EXPECT_EQ(text_at(say_of(strike), "subject"), "jobs.new");
  EXPECT_EQ(strike.watches.at(0).witness, "nats.fed");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "subject"), "jobs.new");
}

TEST(QueueFlood, FloodsAnEndpointByPost) {
  const Strike strike =
      plan({"queue.flood", R"({"queue": "http", "port": 80, "to": "/orders", "message": "{}",
                               "password": "${env:TOKEN}"})"},
           {})
          .value();
  EXPECT_EQ(text_at(say_of(strike), "method"), "POST");
  EXPECT_EQ(text_at(say_of(strike), "target"), "/orders");
  EXPECT_EQ(text_at(say_of(strike), "body"), "{}");
  EXPECT_EQ(text_at(say_of(strike), "token"), "${env:TOKEN}");
  EXPECT_EQ(strike.watches.at(0).witness, "network.flooded");
}

TEST(QueueFlood, RefusesNamesThatTheQueueDoesNotAllow) {
  EXPECT_THAT(mistake("queue.flood", R"({"port": 1, "to": ""})"), HasSubstr("has no name"));
  EXPECT_THAT(mistake("queue.flood", R"({"queue": "nats", "port": 1, "to": "a.>"})"),
              HasSubstr("is no subject"));
  EXPECT_THAT(mistake("queue.flood", R"({"queue": "http", "port": 1, "to": "orders"})"),
              HasSubstr("is no path"));
  EXPECT_THAT(mistake("queue.flood", R"({"port": 1, "to": "a", "families": ["x"]})"),
              HasSubstr("no family of poison"));
  EXPECT_THAT(mistake("queue.flood", R"({"to": "jobs"})"), HasSubstr("\"port\" is missing"));
  EXPECT_THAT(mistake("queue.flood", R"({"port": 1, "to": "a", "password": "x"})"),
              HasSubstr("may not stand in a document"));
}

TEST(QueueFlood, MustBeAcceptedInWriting) {
  EXPECT_NE(find(catalogue(), "queue.flood")->irreversible, "");
}

}  // namespace
}  // namespace squall::fault
