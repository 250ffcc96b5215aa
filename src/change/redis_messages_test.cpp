#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "change/targets_redis_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

class RedisMessages : public testing::Test {
 protected:
  void SetUp() override {
    if (!RedisServer::is_possible()) GTEST_SKIP() << "there is no redis-server";
    redis_ = std::make_unique<RedisServer>();
  }
  // Three messages: a list, null, and a list again.
  json::object params(json::object more = {}) const {
    more["list"] = "jobs";
    more["messages"] = 3;
    more["families"] = json::array{"types"};
    return redis_->place(std::move(more));
  }
  std::string list() const { return redis_->ask({"LRANGE", "jobs", "0", "-1"}); }

  const Kind& kind_ = *find(catalogue(), "redis.messages");
  std::unique_ptr<RedisServer> redis_;
};

TEST_F(RedisMessages, SaysHowManyWereTakenOutMeanwhile) {
  redis_->ask({"RPUSH", "jobs", "null"});
  const json::object before = kind_.capture(params()).value();
  ASSERT_TRUE(kind_.apply(params(), before).ok());
  EXPECT_EQ(list(), "null\n[]\nnull\n[]");
  redis_->ask({"RPOP", "jobs"});
  const Result<Reverted> reverted = kind_.revert(params(), before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::restored);
  EXPECT_EQ(reverted->detail, "1 of 3 messages had been taken out already");
  EXPECT_EQ(list(), "null") << "what lay there before stays";
  EXPECT_EQ(kind_.revert(params(), before)->ending, Ending::was_absent);
}

TEST_F(RedisMessages, TakesThemFromTheEndAtWhichTheyWerePushed) {
  redis_->ask({"RPUSH", "jobs", "[]", "good"});
  const json::object left = params({{"side", "left"}});
  const json::object before = kind_.capture(left).value();
  ASSERT_TRUE(kind_.apply(left, before).ok());
  EXPECT_EQ(list(), "[]\nnull\n[]\n[]\ngood");
  ASSERT_TRUE(kind_.revert(left, before).ok());
  EXPECT_EQ(list(), "[]\ngood");
}

TEST_F(RedisMessages, WaitForARedisThatIsDown) {
  const json::object before = kind_.capture(params()).value();
  ASSERT_TRUE(kind_.apply(params(), before).ok());
  redis_->end();
  const Result<Reverted> reverted = kind_.revert(params(), before);
  ASSERT_FALSE(reverted.ok()) << "its list may lie on a disk";
  EXPECT_THAT(reverted.error().render(), HasSubstr("looking for what is left of the messages"));
  redis_->start();
  EXPECT_EQ(kind_.revert(params(), before)->ending, Ending::was_absent);
}

TEST_F(RedisMessages, AreRefusedByWhatIsNoList) {
  redis_->ask({"SET", "jobs", "text"});
  const Result<json::object> before = kind_.capture(params());
  ASSERT_FALSE(before.ok());
  EXPECT_THAT(before.error().message, HasSubstr("WRONGTYPE"));
}

TEST_F(RedisMessages, NeedAPasswordThatCanBeReadAfterACrash) {
  const auto refused = kind_.footprint(params({{"password", "${file:/proc/1/environ}"}}));
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("after a crash"));
}

TEST_F(RedisMessages, SayWhatTheyTakeFromTheHost) {
  const Footprint touched =
      kind_.footprint(params({{"families", json::array{"oversize"}}})).value();
  EXPECT_EQ(touched.resources.size(), 1U);
  EXPECT_GT(touched.demand.memory.count, 0U);
  json::object many = params();
  many["messages"] = 1001;
  EXPECT_FALSE(kind_.footprint(many).ok());
}

}  // namespace
}  // namespace squall::change
