// The pauses are real: CLIENT PAUSE by the test's own hands on a Redis of its
// own.
#include <gmock/gmock.h>

#include "net/test_services.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

class RedisSilent : public testing::Test {
 protected:
  void SetUp() override {
    if (!net::is_installed("redis-server")) GTEST_SKIP() << "there is no redis-server";
    redis_.emplace();
  }
  std::unique_ptr<Witness> open(std::string_view mode) const {
    return scenes::open("redis.silent", {{"port", redis_->port()}, {"mode", mode}}).value();
  }
  std::optional<net::TestRedis> redis_;
};

TEST_F(RedisSilent, SeesAPauseAndItsEnd) {
  const auto witness = open("all");
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_EQ(redis_->ask({"CLIENT", "PAUSE", "700"}).text, "OK");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_THAT(on->detail, HasSubstr("no answer within"));
  EXPECT_GE(on->newest, milliseconds(30)) << "silence speaks of when it was asked";
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(RedisSilent, TellsAPauseOfWritesFromOneOfAll) {
  const auto all = open("all");
  const auto write = open("write");
  ASSERT_EQ(redis_->ask({"CLIENT", "PAUSE", "60000", "WRITE"}).text, "OK");
  EXPECT_TRUE(scenes::see(*write, true).has_value());
  EXPECT_TRUE(scenes::stays_off(*all, 5));
  ASSERT_EQ(redis_->ask({"CLIENT", "UNPAUSE"}).text, "OK");
  EXPECT_TRUE(scenes::see(*write, false).has_value());
}

TEST_F(RedisSilent, CannotSeeWhenRedisIsGone) {
  const auto witness = open("all");
  redis_->end();
  EXPECT_FALSE(witness->look().ok()) << "a dead Redis is not a paused one";
}

TEST_F(RedisSilent, RefusesARedisThatIsPausedAlready) {
  ASSERT_EQ(redis_->ask({"CLIENT", "PAUSE", "60000"}).text, "OK");
  const auto witness = scenes::open("redis.silent", {{"port", redis_->port()}});
  ASSERT_FALSE(witness.ok());
  EXPECT_THAT(witness.error().message, HasSubstr("does not answer before the fault"));
}

}  // namespace
}  // namespace squall::witness
