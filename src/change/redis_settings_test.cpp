#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "change/targets_redis_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

class RedisSettings : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_possible()) GTEST_SKIP() << "there is no redis-server";
    redis_ = std::make_unique<RedisServer>();
  }
  json::object params(json::object settings = {{"maxmemory", "1"}}, json::object more = {}) const {
    more["settings"] = std::move(settings);
    return redis_->place(std::move(more));
  }

  const Kind& kind_ = *find(catalogue(), "redis.settings");
  std::unique_ptr<RedisServer> redis_;
};

TEST_F(RedisSettings, AreGoneWithTheProcessThatHadThem) {
  const json::object before = kind_.capture(params()).value();
  ASSERT_TRUE(kind_.apply(params(), before).ok());
  EXPECT_EQ(kind_.verify(params(), before).value(), Presence::in_force);
  redis_->end();
  EXPECT_EQ(kind_.revert(params(), before)->ending, Ending::gone) << "nobody listens";
  redis_->start();
  redis_->ask({"CONFIG", "SET", "maxmemory", "1"});
  EXPECT_EQ(kind_.revert(params(), before)->ending, Ending::gone) << "a new process has its own";
  EXPECT_THAT(redis_->ask({"CONFIG", "GET", "maxmemory"}), HasSubstr("\n1"));
}

// What Redis does not say is not what it says no to.
TEST_F(RedisSettings, AreTriedAgainLaterWhereRedisDoesNotAnswer) {
  const json::object before = kind_.capture(params()).value();
  ASSERT_TRUE(kind_.apply(params(), before).ok());
  redis_->ask({"CLIENT", "PAUSE", "60000"});
  EXPECT_FALSE(kind_.revert(params(), before).ok());
}

TEST_F(RedisSettings, RefuseThoseThatCouldLoseSomething) {
  for (const char* name : {"dir", "save", "requirepass", "replicaof"}) {
    const auto refused = kind_.footprint(params({{name, "x"}}));
    ASSERT_FALSE(refused.ok()) << name;
    EXPECT_EQ(refused.error().code, Code::refused);
    EXPECT_THAT(refused.error().next, HasSubstr("maxmemory"));
  }
  EXPECT_FALSE(kind_.footprint(params({})).ok());
}

TEST_F(RedisSettings, SayThatALoginIsWantedBeforeAnythingIsTouched) {
  redis_->ask({"CONFIG", "SET", "requirepass", "key"});
  const auto before = kind_.capture(params());
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::refused);
  EXPECT_THAT(before.error().message, HasSubstr("NOAUTH"));
}

}  // namespace
}  // namespace squall::change
