#include "net/nats.h"

#include <atomic>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"

namespace squall::net {
namespace {

using ::testing::HasSubstr;

param::ServicePlace at(int port) {
  return {.host = "127.0.0.1", .port = port};
}

TEST(NatsStream, CountsMessagesHoweverTheyArrive) {
  const std::string text =
      "INFO {}\r\nMSG a 1 5\r\nhe\r\no\r\nPING\r\nMSG a 1 reply 0\r\n\r\nPONG\r\n+OK\r\n";
  for (std::size_t step = 1; step <= text.size(); ++step) {
    NatsStream stream;
    for (std::size_t i = 0; i < text.size(); i += step) {
      ASSERT_TRUE(stream.take(std::string_view(text).substr(i, step)).ok()) << step;
    }
    EXPECT_EQ(stream.messages(), 2U) << step;
    EXPECT_EQ(stream.pings(), 1U);
    EXPECT_EQ(stream.pongs(), 1U);
  }
}

TEST(NatsStream, RefusesWhatIsNoNats) {
  for (const std::string_view text :
       {"HTTP/1.1 400\r\n", "MSG a 1 x\r\n", "MSG a 1 -1\r\n", "MSG a 1 99999999999\r\n", "\r\n"}) {
    NatsStream stream;
    EXPECT_EQ(stream.take(text).error().code, Code::conflict) << text;
  }
  NatsStream stream;
  EXPECT_FALSE(stream.take(std::string(100'000, 'x')).ok());
}

TEST(NatsSubscription, CountsAndAnswersPings) {
  std::atomic<bool> was_answered = false;
  const TestServer server([&](int fd, sys::Patience& patience) {
    send_text(fd, "INFO {}\r\n", patience);
    EXPECT_THAT(receive_until(fd, "PING\r\n", patience), HasSubstr("SUB jobs.* 1\r\n"));
    send_text(fd, "PONG\r\nMSG jobs.a 1 2\r\nhi\r\nPING\r\n", patience);
    was_answered = receive_until(fd, "PONG\r\n", patience) == "PONG\r\n";
    stay_silent(fd, patience);
  });
  sys::Patience patience(seconds(10));
  NatsSubscription subscription =
      NatsSubscription::open(at(server.port()), "jobs.*", patience).value();
  while ((subscription.count().value() < 1 || !was_answered) && !patience.is_over()) {
  }
  EXPECT_EQ(subscription.count().value(), 1U);
  EXPECT_TRUE(was_answered);
}

TEST(NatsSubscription, SaysThatTheLoginWasRejected) {
  const TestServer server([](int fd, sys::Patience& patience) {
    receive_until(fd, "PING\r\n", patience);
    send_text(fd, "-ERR 'Authorization Violation'\r\n", patience);
  });
  sys::Patience patience(seconds(10));
  const auto subscription = NatsSubscription::open(at(server.port()), "a", patience);
  ASSERT_FALSE(subscription.ok());
  EXPECT_EQ(subscription.error().code, Code::refused);
  EXPECT_THAT(subscription.error().message, HasSubstr("Authorization Violation"));
}

TEST(NatsHello, HoldsALoginOfEitherKind) {
  EXPECT_EQ(nats_hello({}).find("user"), std::string::npos);
  EXPECT_THAT(nats_hello({.username = "u", .password = "p"}),
              HasSubstr(R"("user":"u","pass":"p")"));
  EXPECT_THAT(nats_hello({.password = "t"}), HasSubstr(R"("auth_token":"t")"));
  EXPECT_THAT(nats_hello({.is_verbose = true}), HasSubstr(R"("verbose":true)"));
}

}  // namespace
}  // namespace squall::net
