// The poison is real: pushed and taken out by the test's own hands, on a Redis of its own.
#include <gmock/gmock.h>

#include "core/poison.h"
#include "net/test_services.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

constexpr std::string_view good = R"({"text": "so long that poison begins like it", "id": 1})";

// A form of the message above.
std::string form(std::string_view name) {
  for (const PoisonMessage& message : poison_messages(good).value()) {
    if (message.name == name) return message.bytes;
  }
  ADD_FAILURE() << "no form " << name;
  return {};
}

class RedisPoisoned : public testing::Test {
 protected:
  void SetUp() override {
    if (!net::is_installed("redis-server")) GTEST_SKIP() << "there is no redis-server";
    redis_.emplace();
  }
  std::unique_ptr<Witness> open() const {
    return scenes::open(
               "redis.poisoned",
               {{"port", redis_->port()}, {"list", "jobs"}, {"good", good}, {"messages", 30}})
        .value();
  }
  std::optional<net::TestRedis> redis_;
};

TEST_F(RedisPoisoned, SeesTheMessagesAndThatTheyAreGone) {
  const std::string odd = form("broken_utf8");
  redis_->ask({"RPUSH", "jobs", "good", "[]"});
  const auto witness = open();
  EXPECT_TRUE(scenes::stays_off(*witness, 5)) << "what lay there before is not ours";
  redis_->ask({"RPUSH", "jobs", odd, "[]"});
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 2);
  EXPECT_THAT(on->detail, HasSubstr("2 of them lie in the list"));
  redis_->ask({"LREM", "jobs", "-1", "[]"});
  redis_->ask({"LREM", "jobs", "0", odd});
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(RedisPoisoned, SeesAMessageThatIsTakenOutAtOnce) {
  for (const char* name : {"empty", "nul_bytes", "long", "with_sql", "without_id"}) {
    const auto witness = open();
    redis_->ask({"LPUSH", "jobs", form(name)});
    redis_->ask({"DEL", "jobs"});
    const Sighting sighting = witness->look().value();
    EXPECT_TRUE(sighting.on) << name << ": " << sighting.detail;
    EXPECT_TRUE(scenes::see(*witness, false).has_value());
  }
}

TEST_F(RedisPoisoned, SeesNothingInOtherListsAndOtherMessages) {
  const auto witness = open();
  redis_->ask({"RPUSH", "other", "[]"});
  redis_->ask({"RPUSH", "jobs", std::string(good), "[1]"});
  redis_->ask({"SET", "jobs2", "[]"});
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

}  // namespace
}  // namespace squall::witness
