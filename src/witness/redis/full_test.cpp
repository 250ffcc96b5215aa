// The limits are real: CONFIG SET by the test's own hands on a Redis of its
// own.
#include <gmock/gmock.h>

#include "net/test_services.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

class RedisFull : public testing::Test {
 protected:
  void SetUp() override {
    if (!net::is_installed("redis-server")) GTEST_SKIP() << "there is no redis-server";
    redis_.emplace();
  }
  std::optional<net::TestRedis> redis_;
};

TEST_F(RedisFull, SeesAFullMemoryAndItsEndAndWritesNothing) {
  const auto witness = scenes::open("redis.full", {{"port", redis_->port()}}).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_EQ(redis_->ask({"CONFIG", "SET", "maxmemory", "1"}).text, "OK");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_THAT(on->detail, HasSubstr("OOM command not allowed"));
  ASSERT_EQ(redis_->ask({"CONFIG", "SET", "maxmemory", "0"}).text, "OK");
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
  EXPECT_EQ(redis_->ask({"DBSIZE"}).integer, 0);
}

TEST_F(RedisFull, SeesNothingWhenThereIsRoomOrKeysMakeRoom) {
  const auto witness = scenes::open("redis.full", {{"port", redis_->port()}}).value();
  ASSERT_EQ(redis_->ask({"CONFIG", "SET", "maxmemory", "1gb"}).text, "OK");
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(RedisFull, TakesAnotherRefusalForNone) {
  const auto witness = scenes::open("redis.full", {{"port", redis_->port()}}).value();
  ASSERT_EQ(redis_->ask({"ACL", "SETUSER", "default", "-lpushx"}).text, "OK");
  EXPECT_TRUE(scenes::stays_off(*witness, 3)) << "a missing right is no want of memory";
}

TEST_F(RedisFull, SaysThatNobodyIsThere) {
  const auto witness = scenes::open("redis.full", {{"port", net::unused_port()}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::refused);
}

}  // namespace
}  // namespace squall::witness
