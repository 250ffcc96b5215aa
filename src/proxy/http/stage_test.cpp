// Which messages a toxic chooses, and that all others stay as they are.
#include "proxy/http/stage.h"

#include "proxy/proxy_rig_test.h"
#include "proxy/stage_rig_test.h"

namespace squall::proxy::http {
namespace {

TEST(Choice, ChoosesByMethodPathAndHeader) {
  const Head request{.method = "POST",
                     .target = "/orders/7?x=/admin",
                     .headers = {{"X-Tenant", "blue-1"}, {"Accept", "*/*"}}};
  EXPECT_TRUE(chooses({}, request));
  EXPECT_TRUE(chooses({.method = "POST"}, request));
  EXPECT_FALSE(chooses({.method = "GET"}, request));
  EXPECT_TRUE(chooses({.path = "/orders/*"}, request));
  EXPECT_FALSE(chooses({.path = "*admin"}, request)) << "a query is no path";
  EXPECT_TRUE(chooses({.header = "x-tenant"}, request));
  EXPECT_TRUE(chooses({.header = "x-tenant: blue-?"}, request));
  EXPECT_FALSE(chooses({.header = "x-tenant: red-*"}, request));
  EXPECT_FALSE(chooses({.header = "x-other"}, request));
}

class MessageStageTest : public StageRig {
 protected:
  void hear(std::string_view text) { listeners_.hear(text); }
};

constexpr std::string_view ok_answer = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok";
constexpr std::string_view failed_answer =
    "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 2\r\n\r\nok";

TEST_F(MessageStageTest, AnswersBelongToTheirRequestsInTheirOrder) {
  follow({toxic("http_status", {{"path", "/b"}})});
  hear("GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nGET /c HTTP/1.1\r\n\r\n");
  for (int i = 0; i < 3; ++i) take(std::string(ok_answer));
  EXPECT_EQ(out_.text(),
            std::string(ok_answer) + std::string(failed_answer) + std::string(ok_answer));
}

TEST_F(MessageStageTest, AnAnswerInPiecesOfOneByteIsTheSame) {
  follow({toxic("http_status", {})});
  hear("GET / HTTP/1.1\r\n\r\n");
  for (const char letter : ok_answer) take(std::string(1, letter));
  EXPECT_EQ(out_.text(), failed_answer);
}

TEST_F(MessageStageTest, AnInterimAnswerAndAHeadWithoutABodyDoNotConfuseIt) {
  follow({toxic("http_status", {{"method", "GET"}})});
  hear("POST / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\nx");
  hear("HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  const std::string before = "HTTP/1.1 100 Continue\r\n\r\n" + std::string(ok_answer) +
                             "HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n";
  take(before + std::string(ok_answer));
  EXPECT_EQ(out_.text(), before + std::string(failed_answer));
}

TEST_F(MessageStageTest, BehindAnUpgradeEverythingPasses) {
  follow({toxic("http_status", {})});
  hear("GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n");
  const std::string bytes = "HTTP/1.1 101 Switching Protocols\r\n\r\n" + std::string(ok_answer);
  take(bytes);
  EXPECT_EQ(out_.text(), bytes);
}

TEST_F(MessageStageTest, MoreRequestsThanItCanTellApartPass) {
  follow({toxic("http_status", {})});
  for (int i = 0; i < 200; ++i) hear("GET / HTTP/1.1\r\n\r\n");
  take(std::string(ok_answer));
  EXPECT_EQ(out_.text(), ok_answer);
}

TEST_F(MessageStageTest, ItsShareIsDrawnForEachRequest) {
  follow({toxic("http_status", {{"share", 0.3}})});
  int hits = 0;
  std::string which;
  for (int i = 0; i < 2000; ++i) {
    hear("GET / HTTP/1.1\r\n\r\n");
    out_.pieces.clear();
    take(std::string(ok_answer));
    which += out_.text() == ok_answer ? '.' : 'x';
    hits += which.back() == 'x' ? 1 : 0;
  }
  EXPECT_NEAR(hits, 600, 70);
  std::string again;
  Stages stages;
  Listeners listeners;
  stages.follow({toxic("http_status", {{"share", 0.3}})}, {&traffic_, 0, &listeners}, {}, out_);
  for (int i = 0; i < 2000; ++i) {
    listeners.hear("GET / HTTP/1.1\r\n\r\n");
    out_.pieces.clear();
    stages.take({{}, std::string(ok_answer)}, {}, out_);
    again += out_.text() == ok_answer ? '.' : 'x';
  }
  EXPECT_EQ(which, again) << "the same seed, connection and request: the same choice";
}

TEST_F(MessageStageTest, AChangeInTheMiddleOfAMessageLosesNothing) {
  const auto first = toxic("http_status", {{"status", 500}});
  follow({first});
  hear("GET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  take(std::string(ok_answer.substr(0, 39)));
  Toxic second = *first;
  ++second.revision;
  second.attributes = second.kind->parse(*second.kind, nullptr, {{"status", 503}}).value();
  follow({std::make_shared<const Toxic>(second)});
  take(std::string(ok_answer.substr(39)) + std::string(ok_answer));
  stages_.take_end(out_.now, out_);
  EXPECT_EQ(out_.text(), "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nok" +
                             std::string(failed_answer));
}

TEST_F(MessageStageTest, WhatIsHalfReadPassesWhenTheToxicGoes) {
  follow({toxic("http_status", {})});
  hear("GET / HTTP/1.1\r\n\r\n");
  take("HTTP/1.1 20");
  EXPECT_EQ(out_.text(), "");
  follow({});
  EXPECT_EQ(out_.text(), "HTTP/1.1 20");
}

using MessagesOnSockets = ProxyRig;

TEST_F(MessagesOnSockets, AToxicReachesAConnectionThatIsKeptAlive) {
  const Ends ends = open();
  const auto exchange = [&](std::string_view answer) {
    send_text(ends.client, "GET / HTTP/1.1\r\n\r\n");
    EXPECT_EQ(receive(ends.server, 18), "GET / HTTP/1.1\r\n\r\n");
    send_text(ends.server, ok_answer);
    EXPECT_EQ(receive(ends.client, answer.size()), answer);
  };
  exchange(ok_answer);
  const auto toxic = add("http_status", {});
  exchange(failed_answer);
  exchange(failed_answer);
  proxy_.remove_toxic(toxic->id);
  exchange(ok_answer);
}

TEST_F(MessagesOnSockets, WhatIsNoHttpPasses) {
  add("http_status", {});
  add("http_delay", {{"delay", 3'600'000}}, Stream::upstream);
  const Ends ends = open();
  send_text(ends.client, "*1\r\n$4\r\nPING\r\n");
  EXPECT_EQ(receive(ends.server, 14), "*1\r\n$4\r\nPING\r\n");
  send_text(ends.server, "+PONG\r\n");
  EXPECT_EQ(receive(ends.client, 7), "+PONG\r\n");
}

}  // namespace
}  // namespace squall::proxy::http
