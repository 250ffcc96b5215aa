// The messages are real: pushes by the test's own hands to a Redis of its own.
#include <thread>

#include "net/test_services.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class RedisFed : public testing::Test {
 protected:
  void SetUp() override {
    if (!net::is_installed("redis-server")) GTEST_SKIP() << "there is no redis-server";
    redis_.emplace();
  }
  std::unique_ptr<Witness> open(std::string_view rate) const {
    return scenes::open("redis.fed", {{"port", redis_->port()}, {"rate", rate}}).value();
  }
  // Pushes `rate` messages a second, each taken out again at once, until told
  // to stop.
  std::jthread feed(double rate, std::string command) const {
    return std::jthread([=, this](const std::stop_token& stop) {
      sys::Patience patience(minutes(1), stop);
      net::Redis redis =
          net::Redis::open({.endpoint = {.host = "127.0.0.1", .port = redis_->port()}}, patience)
              .value();
      const Duration start = sys::monotonic_now();
      for (int i = 1; !stop.stop_requested(); ++i) {
        static_cast<void>(redis.call({command, "jobs", "x"}, patience).ok());
        static_cast<void>(redis.call({"LPOP", "jobs"}, patience).ok());
        sys::sleep_until(start + seconds(i).scaled(1 / rate), stop);
      }
    });
  }
  std::optional<net::TestRedis> redis_;
};

TEST_F(RedisFed, SeesMessagesThatAreTakenOutAtOnceAndTheirEnd) {
  const auto witness = open("200 /s");
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  {
    const std::jthread feeding = feed(200, "RPUSH");
    EXPECT_TRUE(scenes::see(*witness, true).has_value());
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(RedisFed, SeesNothingWhenOnlyOtherCommandsCome) {
  const auto witness = open("100 /s");
  const std::jthread feeding = feed(400, "SADD");
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(500)).has_value());
}

TEST_F(RedisFed, SeesNothingWhenTooFewCome) {
  const auto witness = open("2000 /s");
  const std::jthread feeding = feed(200, "LPUSH");
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(500)).has_value());
}

// Refused pushes are no messages.
TEST_F(RedisFed, SeesNothingWhenThePushesAreRefused) {
  ASSERT_EQ(redis_->ask({"CONFIG", "SET", "maxmemory", "1"}).text, "OK");
  const auto witness = open("100 /s");
  const std::jthread feeding = feed(200, "RPUSH");
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(500)).has_value());
}

TEST_F(RedisFed, SaysThatNobodyIsThere) {
  const auto witness = scenes::open("redis.fed", {{"port", net::unused_port()}, {"rate", "9 /s"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::refused);
}

}  // namespace
}  // namespace squall::witness
