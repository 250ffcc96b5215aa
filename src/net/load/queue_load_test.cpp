#include "net/load/queue_load.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/load/line_answer.h"
#include "net/load/load.h"
#include "net/load/target_test.h"

namespace squall::net {
namespace {

using ::testing::HasSubstr;

LoadTally run(std::unique_ptr<LoadProtocol> protocol, int port, Share invalid = {}) {
  const LoadOrder order{.endpoint = {.host = "127.0.0.1", .port = port},
                        .rate = {2000},
                        .connections = 4,
                        .count = 100,
                        .duration = seconds(10),
                        .timeout = seconds(5),
                        .invalid = invalid};
  const Result<std::unique_ptr<Load>> load = Load::start(order, std::move(protocol));
  EXPECT_TRUE(load.ok()) << load.error().render();
  return load.ok() ? (*load)->wait() : LoadTally{};
}

TEST(RedisLoad, PushesAndReadsTheReplies) {
  const LoadTarget target(answer_each("$2\r\nhi\r\n", ":17\r\n"));
  const LoadTally tally = run(redis_load({.list = "jobs", .message = "hi"}).value(), target.port());
  EXPECT_EQ(tally.sum(LoadTally::accepted), 100);
}

TEST(RedisLoad, CountsErrorsAsRejections) {
  const LoadTarget target(answer_each("$2\r\nhi\r\n", "-OOM command not allowed\r\n"));
  const LoadTally tally = run(redis_load({.list = "jobs", .message = "hi"}).value(), target.port());
  EXPECT_EQ(tally.sum(LoadTally::rejected), 100);
}

TEST(RedisLoad, LogsInBeforeItPushes) {
  const auto serve = [](std::string answer) {
    return [answer](std::string& bytes) {
      LoadTarget::Reply reply;
      if (bytes.starts_with("*2\r\n$4\r\nAUTH\r\n$3\r\nkey\r\n")) {
        reply.bytes = answer;
        bytes.erase(0, 23);
      }
      for (std::size_t at = bytes.find("hi\r\n"); at != std::string::npos; at = bytes.find("hi")) {
        bytes.erase(0, at + 4);
        reply.bytes += ":1\r\n";
      }
      return reply;
    };
  };
  const RedisQueue queue{.list = "jobs", .message = "hi", .password = "key"};
  const LoadTarget target(serve("+OK\r\n"));
  EXPECT_EQ(run(redis_load(queue).value(), target.port()).sum(LoadTally::accepted), 100);
  const LoadTarget strict(serve("-WRONGPASS invalid\r\n"));
  const auto refused = Load::start({.endpoint = {.host = "127.0.0.1", .port = strict.port()},
                                    .rate = {10},
                                    .duration = seconds(1)},
                                   redis_load(queue).value());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("rejected the greeting"));
  EXPECT_EQ(refused.error().render().find("key"), std::string::npos);
}

TEST(NatsLoad, GreetsPublishesAndAnswersPings) {
  std::atomic<int> pongs = 0;
  const LoadTarget target([&](std::string& bytes) {
    LoadTarget::Reply reply;
    for (std::size_t end = bytes.find("\r\n"); end != std::string::npos; end = bytes.find("\r\n")) {
      const std::string line = bytes.substr(0, end);
      bytes.erase(0, end + 2);
      if (line.starts_with("CONNECT ")) reply.bytes += "INFO {\"max_payload\": 1}\r\n+OK\r\n";
      if (line == "PONG") ++pongs;
      if (line == "hi") reply.bytes += "PING\r\n+OK\r\n";
    }
    return reply;
  });
  const LoadTally tally =
      run(nats_load({.subject = "a.b", .message = "hi"}).value(), target.port());
  EXPECT_EQ(tally.sum(LoadTally::accepted), 100);
  EXPECT_GT(pongs, 50);
}

TEST(NatsLoad, RefusesASubjectThatCannotBePublishedTo) {
  for (const std::string_view subject : {"", "a b", "a.*", "a.>", "a\r\nPUB b 0"}) {
    const auto load = nats_load({.subject = std::string(subject), .message = "x"});
    ASSERT_FALSE(load.ok()) << subject;
    EXPECT_EQ(load.error().code, Code::invalid);
  }
}

TEST(LineAnswers, AreReadHoweverTheyArrive) {
  const std::string text = "INFO {\"a\": 1}\r\nPING\r\n-ERR 'x'\r\n+OK\r\n";
  for (std::size_t step = 1; step < text.size(); ++step) {
    LineAnswerReader reader(nats_line);
    std::string seen;
    for (std::size_t at = 0; at < text.size();) {
      const LoadAnswer answer = reader.take(std::string_view(text).substr(at, step));
      at += answer.used;
      if (!answer.respond.empty()) seen += "pong ";
      if (answer.state != LoadAnswer::State::done) continue;
      seen += answer.verdict == LoadVerdict::accepted ? "yes " : "no ";
    }
    EXPECT_EQ(seen, "pong no yes ") << step;
  }
}

TEST(LineAnswers, AreNonsenseWhenTheyAreNone) {
  LineAnswerReader reader(redis_line);
  EXPECT_EQ(reader.take("HTTP/1.1 400\r\n").state, LoadAnswer::State::nonsense);
  LineAnswerReader endless(redis_line);
  LoadAnswer answer;
  for (int i = 0; i < 100 && answer.state == LoadAnswer::State::unfinished; ++i) {
    answer = endless.take(std::string(1000, '+'));
  }
  EXPECT_EQ(answer.state, LoadAnswer::State::nonsense);
}

TEST(QueueLoads, HaveTheInvalidFormsOfTheFamiliesThatAreNamed) {
  const auto redis = redis_load({.list = "jobs", .message = "{}", .families = {"script"}}).value();
  ASSERT_EQ(redis->invalid_forms().size(), 1U);
  EXPECT_THAT(redis->invalid_forms()[0].bytes, HasSubstr("<script>"));
  const auto nats = nats_load({.subject = "jobs", .message = "{}", .families = {"types"}}).value();
  for (const LoadForm& form : nats->invalid_forms()) EXPECT_EQ(form.family, "types");
  EXPECT_FALSE(redis_load({.list = "jobs", .families = {"none"}}).ok());
  EXPECT_FALSE(nats_load({.subject = "jobs", .families = {"none"}}).ok());
}

}  // namespace
}  // namespace squall::net
