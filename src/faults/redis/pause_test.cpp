#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

TEST(RedisPause, PausesAndWatchesTheSameRedis) {
  const Strike strike = plan({"redis.pause", R"({"host": "10.0.0.5", "port": 7000,
                                                 "namespace": "/run/netns/a", "mode": "write",
                                                 "password": "${file:/run/key}"})"},
                             {})
                            .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "redis.pause");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "redis.silent");
  for (const json::object& params : {strike.changes[0].params, strike.watches[0].params}) {
    EXPECT_EQ(text_at(params, "host"), "10.0.0.5");
    EXPECT_EQ(integer_at(params, "port"), 7000);
    EXPECT_EQ(text_at(params, "namespace"), "/run/netns/a");
    EXPECT_EQ(text_at(params, "mode"), "write");
    EXPECT_EQ(text_at(params, "password"), "${file:/run/key}");
  }
  EXPECT_EQ(strike.target, "Redis at 10.0.0.5:7000");
}

TEST(RedisPause, TakesTheUsualPlaceWhenNoneIsNamed) {
  const Strike strike = plan({"redis.pause", "{}"}, {}).value();
  EXPECT_EQ(text_at(strike.changes[0].params, "host"), "127.0.0.1");
  EXPECT_EQ(integer_at(strike.changes[0].params, "port"), 6379);
  EXPECT_EQ(text_at(strike.changes[0].params, "mode"), "all");
}

TEST(RedisPause, RefusesASecretInTheDocument) {
  const std::string refused = mistake("redis.pause", R"({"password": "hunter2"})");
  EXPECT_THAT(refused, HasSubstr("a secret may not stand in a document"));
  EXPECT_EQ(refused.find("hunter2"), std::string::npos);
  EXPECT_THAT(mistake("redis.pause", R"({"mode": "some"})"), HasSubstr("all or write"));
}

}  // namespace
}  // namespace squall::fault
