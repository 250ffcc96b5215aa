#include "net/redis.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"

namespace squall::net {
namespace {

using ::testing::HasSubstr;
using Kind = RedisReply::Kind;

TEST(RedisReply, IsReadWhateverItsKind) {
  const auto read = [](std::string_view bytes) {
    const ReadReply got = read_reply(bytes).value();
    EXPECT_TRUE(got.is_whole) << bytes;
    EXPECT_EQ(got.used, bytes.size()) << bytes;
    return got.reply;
  };
  EXPECT_EQ(read("+OK\r\n").kind, Kind::status);
  EXPECT_EQ(read("-ERR no\r\n").text, "ERR no");
  EXPECT_TRUE(read("-ERR no\r\n").is_failure());
  EXPECT_EQ(read(":-17\r\n").integer, -17);
  EXPECT_EQ(read("$5\r\na\r\nbc\r\n").text, "a\r\nbc");
  EXPECT_EQ(read("$-1\r\n").kind, Kind::nothing);
  EXPECT_EQ(read("*-1\r\n").kind, Kind::nothing);
  const RedisReply list = read("*2\r\n$1\r\nx\r\n*1\r\n:3\r\n");
  ASSERT_EQ(list.items.size(), 2U);
  EXPECT_EQ(list.items[1].items[0].integer, 3);
}

TEST(RedisReply, IsWaitedForUntilItIsWhole) {
  constexpr std::string_view whole = "*2\r\n$4\r\nabcd\r\n:17\r\n";
  for (std::size_t i = 0; i < whole.size(); ++i) {
    const Result<ReadReply> read = read_reply(whole.substr(0, i));
    ASSERT_TRUE(read.ok()) << i;
    EXPECT_FALSE(read->is_whole) << i;
  }
}

TEST(RedisReply, IsNoneWhenItIsNonsense) {
  for (const std::string_view bytes :
       {"HTTP/1.1 400\r\n", "\r\n", ":x\r\n", "$-2\r\n", "$999999999999\r\n", "*99999999\r\n",
        "$3\r\nabcd\r\n", "$1x\r\na\r\n"}) {
    EXPECT_EQ(read_reply(bytes).error().code, Code::conflict) << bytes;
  }
  std::string deep;
  for (int i = 0; i < 20; ++i) deep += "*1\r\n";
  EXPECT_FALSE(read_reply(deep + ":1\r\n").ok());
  EXPECT_FALSE(read_reply("+" + std::string(70'000, 'x')).ok());
}

TEST(Redis, SendsCommandsAndReadsRepliesThatComeInPieces) {
  const TestServer server([](int fd, sys::Patience& patience) {
    EXPECT_THAT(receive_until(fd, "PING\r\n", patience), HasSubstr("*1\r\n$4\r\nPING\r\n"));
    send_text(fd, "+PO", patience);
    send_text(fd, "NG\r\n", patience);
    receive_until(fd, "GET\r\n$1\r\nk\r\n", patience);
    send_text(fd, "-WRONGTYPE not that\r\n", patience);
  });
  sys::Patience patience(seconds(10));
  Redis redis =
      Redis::open({.endpoint = {.host = "127.0.0.1", .port = server.port()}}, patience).value();
  EXPECT_EQ(redis.call({"PING"}, patience)->text, "PONG");
  const Result<RedisReply> failure = redis.demand({"GET", "k"}, patience);
  ASSERT_FALSE(failure.ok());
  EXPECT_EQ(failure.error().code, Code::refused);
  EXPECT_THAT(failure.error().message, HasSubstr("refuses GET: WRONGTYPE not that"));
  EXPECT_THAT(redis.call({"PING"}, patience).error().message, HasSubstr("connection"));
}

// The server answers only when all of them have come.
TEST(Redis, SendsSeveralCommandsAtOnce) {
  const TestServer server([](int fd, sys::Patience& patience) {
    receive_until(fd, "DBSIZE\r\n", patience);
    send_text(fd, "+PONG\r\n:7\r\n", patience);
    receive_until(fd, "TIME\r\n", patience);
    send_text(fd, "+PONG\r\n-NOAUTH Authentication required.\r\n:1\r\n", patience);
  });
  sys::Patience patience(seconds(10));
  Redis redis =
      Redis::open({.endpoint = {.host = "127.0.0.1", .port = server.port()}}, patience).value();
  const auto replies = redis.demand_all({{"PING"}, {"DBSIZE"}}, patience);
  ASSERT_TRUE(replies.ok()) << replies.error().render();
  ASSERT_EQ(replies->size(), 2U);
  EXPECT_EQ(replies->at(0).text, "PONG");
  EXPECT_EQ(replies->at(1).integer, 7);
  const auto refused = redis.demand_all({{"PING"}, {"DBSIZE"}, {"TIME"}}, patience);
  ASSERT_FALSE(refused.ok());
  EXPECT_THAT(refused.error().message, HasSubstr("refuses DBSIZE: NOAUTH"));
  EXPECT_THAT(refused.error().next, HasSubstr("name a password"));
}

TEST(Redis, SaysThatALoginWasRejectedWithoutThePassword) {
  const TestServer server([](int fd, sys::Patience& patience) {
    receive_until(fd, "hunter2\r\n", patience);
    send_text(fd, "-WRONGPASS invalid username-password pair\r\n", patience);
  });
  sys::Patience patience(seconds(10));
  const auto redis = Redis::open({.endpoint = {.host = "127.0.0.1", .port = server.port()},
                                  .username = "app",
                                  .password = "hunter2"},
                                 patience);
  ASSERT_FALSE(redis.ok());
  EXPECT_EQ(redis.error().code, Code::refused);
  EXPECT_THAT(redis.error().message, HasSubstr("WRONGPASS"));
  EXPECT_EQ(redis.error().render().find("hunter2"), std::string::npos);
}

TEST(RedisInfo, FindsAValueByItsWholeName) {
  constexpr std::string_view text =
      "# Memory\r\nused_memory_human:1M\r\nused_memory:1048576\r\nx:\r\n";
  EXPECT_EQ(redis_info(text, "used_memory"), "1048576");
  EXPECT_EQ(redis_info(text, "x"), "");
  EXPECT_EQ(redis_info(text, "missing"), "");
}

}  // namespace
}  // namespace squall::net
