#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"
#include "probes/measure_test.h"

namespace squall::probe {
namespace {

using net::TestServer;
using ::testing::HasSubstr;

Sample ask(int port, json::object params = {}, Duration timeout = seconds(20)) {
  params["host"] = "127.0.0.1";
  params["port"] = port;
  return measure("tcp", params, timeout);
}

void answer_ping(int fd, sys::Patience& patience) {
  if (net::receive_until(fd, "PING\r\n", patience).ends_with("PING\r\n")) {
    net::send_text(fd, "+PO", patience);
    net::send_text(fd, "NG\r\n", patience);
  }
}

TEST(TcpProbe, FindsAnOpenPort) {
  const TestServer server(&net::stay_silent);
  const Sample sample = ask(server.port());
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("open"), true);
  EXPECT_EQ(sample.values.at("reached"), true);
  EXPECT_GT(duration_in(sample, "latency"), Duration{0});
  EXPECT_FALSE(sample.values.contains("reply"));
  EXPECT_EQ(why_broken(sample, "tcp", R"({"open": true, "latency": "< 10 s"})"), "");
}

TEST(TcpProbe, CanDemandThatAPortIsClosed) {
  const int port = net::unused_port();
  const Sample sample = ask(port);
  EXPECT_EQ(sample.problem, fmt::format("connection refused by 127.0.0.1:{}", port));
  EXPECT_EQ(sample.values.at("open"), false);
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_EQ(why_broken(sample, "tcp", R"({"open": false})"), "");
  EXPECT_EQ(why_broken(sample, "tcp", R"({"open": true})"), "open is no, not yes");
  EXPECT_EQ(why_broken(sample, "tcp", R"({"latency": "< 1 s"})"), sample.problem);
}

TEST(TcpProbe, WaitsForTheReplyThatIsExpected) {
  const TestServer server(&answer_ping);
  const Sample sample = ask(server.port(), {{"send", "PING\r\n"}, {"expect", "PONG"}});
  EXPECT_EQ(sample.problem, "");
  EXPECT_THAT(std::string(sample.values.at("reply").as_string()), HasSubstr("+PONG"));
  EXPECT_EQ(sample.values.at("reached"), true);
}

TEST(TcpProbe, ReadsAGreetingWithoutSayingAnything) {
  const TestServer server([](int fd, sys::Patience& patience) {
    net::send_text(fd, "220 mail\r\n", patience);
    net::stay_silent(fd, patience);
  });
  const Sample sample = ask(server.port(), {{"expect", "220"}});
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reply"), "220 mail\r\n");
}

TEST(TcpProbe, TakesWhatComesFirstWhenNothingIsExpected) {
  const TestServer server([](int fd, sys::Patience& patience) {
    net::receive_until(fd, "\n", patience);
    net::send_text(fd, "\xFF?", patience);
    net::stay_silent(fd, patience);
  });
  const Sample sample = ask(server.port(), {{"send", "hello\n"}});
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reply"), "\xEF\xBF\xBD?");
}

TEST(TcpProbe, TellsAnOpenPortFromAServerThatHangs) {
  const TestServer server(&net::stay_silent);
  const Sample sample =
      ask(server.port(), {{"send", "PING\r\n"}, {"expect", "PONG"}}, milliseconds(100));
  EXPECT_THAT(sample.problem, HasSubstr("no answer from 127.0.0.1"));
  EXPECT_EQ(sample.values.at("open"), true);
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_FALSE(sample.values.contains("latency"));
  EXPECT_EQ(why_broken(sample, "tcp", R"({"reached": true})"), "reached is no, not yes");
}

TEST(TcpProbe, HasAProblemWhenTheReplyIsAnotherOne) {
  const TestServer server([](int fd, sys::Patience& patience) {
    net::receive_until(fd, "\n", patience);
    net::send_text(fd, "-LOADING\r\n", patience);
  });
  const Sample sample = ask(server.port(), {{"send", "PING\r\n"}, {"expect", "PONG"}});
  EXPECT_THAT(sample.problem, HasSubstr("closed the connection without \"PONG\""));
  EXPECT_EQ(sample.values.at("reply"), "-LOADING\r\n");
  EXPECT_EQ(sample.values.at("reached"), false);
}

TEST(TcpProbe, IsBoundedAgainstAReplyWithoutEnd) {
  const TestServer server([](int fd, sys::Patience& patience) {
    while (net::send_text(fd, std::string(10000, 'x'), patience)) {
    }
  });
  const Sample sample = ask(server.port(), {{"expect", "y"}});
  EXPECT_THAT(sample.problem, HasSubstr("sent 64 KiB without \"y\""));
  EXPECT_LT(sample.values.at("reply").as_string().size(), 70000U);
}

TEST(TcpProbe, ClaimsNothingWhenItCannotEvenTry) {
  const Sample sample = ask(80, {{"namespace", "/etc/passwd"}});
  EXPECT_NE(sample.problem, "");
  EXPECT_TRUE(sample.values.empty()) << canonical_json(sample.values);
  EXPECT_NE(why_broken(sample, "tcp", R"({"open": false})"), "");
}

TEST(TcpProbe, ClaimsNothingWhenAStopIsAskedFor) {
  const TestServer server(&net::stay_silent);
  const auto probe =
      open_probe("tcp", {{"host", "127.0.0.1"}, {"port", server.port()}, {"expect", "never"}});
  std::stop_source source;
  const std::jthread asker([&] { source.request_stop(); });
  const Sample sample = probe->take(seconds(30), source.get_token());
  EXPECT_THAT(sample.problem, HasSubstr("stopped while"));
  EXPECT_FALSE(sample.values.contains("reached"));
}

TEST(TcpProbe, RefusesParametersThatCannotWork) {
  EXPECT_THAT(mistake_in("tcp", {{"host", "a"}}), HasSubstr("\"port\" is missing"));
  EXPECT_THAT(mistake_in("tcp", {{"host", "a"}, {"port", 0}}), HasSubstr("out of bounds"));
  EXPECT_THAT(mistake_in("tcp", {{"host", ""}, {"port", 80}}), HasSubstr("host: it is empty"));
}

}  // namespace
}  // namespace squall::probe
