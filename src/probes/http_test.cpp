#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/test_server.h"
#include "probes/measure_test.h"

namespace squall::probe {
namespace {

using net::TestServer;
using ::testing::EndsWith;
using ::testing::HasSubstr;

std::string url_of(const TestServer& server, std::string_view path = "/") {
  return fmt::format("http://127.0.0.1:{}{}", server.port(), path);
}

Sample ask(const TestServer& server, json::object params = {}, Duration timeout = seconds(20)) {
  params["url"] = url_of(server);
  return measure("http", params, timeout);
}

std::string answer(std::string_view type, std::string_view body) {
  return fmt::format("HTTP/1.1 200 OK\r\nContent-Type: {}\r\nContent-Length: {}\r\n\r\n{}", type,
                     body.size(), body);
}

TEST(HttpProbe, MeasuresTheAnswer) {
  const TestServer server(net::answer_with(answer("application/json", R"({"state":"up"})")));
  const Sample sample = ask(server);
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reached"), true);
  EXPECT_EQ(sample.values.at("status"), 200);
  EXPECT_EQ(sample.values.at("content_type"), "application/json");
  EXPECT_EQ(sample.values.at("body"), R"({"state":"up"})");
  EXPECT_EQ(sample.values.at("bytes"), "14 B");
  EXPECT_EQ(sample.values.at("json").at("state"), "up");
  EXPECT_GT(duration_in(sample, "latency"), Duration{0});
  EXPECT_EQ(why_broken(sample, "http", R"({"status": 200, "json": {"$.state": "up"}})"), "");
}

TEST(HttpProbe, ReachesAServerThatAnswersWithAnError) {
  const TestServer server(net::answer_with("HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy"));
  const Sample sample = ask(server);
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reached"), true);
  EXPECT_EQ(sample.values.at("status"), 503);
  EXPECT_EQ(sample.values.at("content_type"), "");
  EXPECT_TRUE(sample.values.at("json").is_null());
  EXPECT_EQ(why_broken(sample, "http", R"({"status": 200})"), "status is 503, not 200");
}

TEST(HttpProbe, RepairsABodyThatIsNoText) {
  const TestServer server(net::answer_with(answer("x/\xFF", "a\xFF\xFE b")));
  const Sample sample = ask(server);
  EXPECT_EQ(sample.values.at("body"), "a\xEF\xBF\xBD\xEF\xBF\xBD b");
  EXPECT_EQ(sample.values.at("bytes"), "5 B");
  EXPECT_TRUE(is_valid_utf8(canonical_json(sample.values)));
}

TEST(HttpProbe, SendsMethodHeadersAndBody) {
  const TestServer server([](int fd, sys::Patience& patience) {
    const std::string request = net::receive_until(fd, "END", patience);
    net::send_text(fd, "HTTP/1.1 200 OK\r\n\r\n" + request, patience);
  });
  const Sample sample =
      ask(server, {{"method", "PUT"}, {"headers", {{"X-Token", "abc"}}}, {"body", "the END"}});
  const std::string body(sample.values.at("body").as_string());
  EXPECT_THAT(body, HasSubstr("PUT / HTTP/1.1\r\n"));
  EXPECT_THAT(body, HasSubstr("X-Token: abc\r\n"));
  EXPECT_THAT(body, EndsWith("\r\n\r\nthe END"));
}

TEST(HttpProbe, HasAProblemWhenTheConnectionIsRefused) {
  const int port = net::unused_port();
  const Sample sample =
      measure("http", {{"url", fmt::format("http://127.0.0.1:{}/", port)}}, seconds(20));
  EXPECT_EQ(sample.problem, fmt::format("connection refused by 127.0.0.1:{}", port));
  EXPECT_EQ(canonical_json(sample.values), R"({"reached":false})");
  EXPECT_EQ(why_broken(sample, "http", R"({"status": 200})"), sample.problem);
  EXPECT_EQ(why_broken(sample, "http", R"({"reached": false})"), "");
}

TEST(HttpProbe, HasAProblemWhenTheServerHangs) {
  const TestServer server(&net::stay_silent);
  const Sample sample = ask(server, {}, milliseconds(100));
  EXPECT_THAT(sample.problem, HasSubstr("within 100 ms"));
  EXPECT_EQ(sample.values.at("reached"), false);
}

TEST(HttpProbe, HasAProblemWhenTheAnswerIsGarbage) {
  const TestServer server(net::answer_with("-ERR unknown command\r\n"));
  const Sample sample = ask(server);
  EXPECT_THAT(sample.problem, HasSubstr("did not answer in HTTP"));
  EXPECT_EQ(sample.values.at("reached"), false);
}

TEST(HttpProbe, HasAProblemWhenTheBodyIsTooLong) {
  const TestServer server(net::answer_with(answer("text/plain", "123456789")));
  const Sample sample = ask(server, {{"body_limit", "8 B"}});
  EXPECT_EQ(sample.problem, "the body is longer than 8 B");
  EXPECT_EQ(sample.values.at("status"), 200);
  EXPECT_FALSE(sample.values.contains("body"));
  EXPECT_EQ(why_broken(sample, "http", R"({"reached": true, "status": 200})"), "");
}

TEST(HttpProbe, ClaimsNothingWhenAStopIsAskedFor) {
  const TestServer server(&net::stay_silent);
  const auto probe = open_probe("http", {{"url", url_of(server)}});
  std::stop_source source;
  const std::jthread asker([&] { source.request_stop(); });
  const Sample sample = probe->take(seconds(30), source.get_token());
  EXPECT_THAT(sample.problem, HasSubstr("stopped while"));
  EXPECT_TRUE(sample.values.empty());
}

TEST(HttpProbe, RefusesParametersThatCannotWork) {
  EXPECT_THAT(mistake_in("http", {}), HasSubstr("\"url\" is missing"));
  EXPECT_THAT(mistake_in("http", {{"url", "localhost:80"}}), HasSubstr("does not start with http"));
  EXPECT_THAT(mistake_in("http", {{"url", "https://a/"}}), HasSubstr("needs TLS"));
  EXPECT_THAT(mistake_in("http", {{"url", "http://a/"}, {"headers", {{"X", "a\r\nb"}}}}),
              HasSubstr("line break"));
  EXPECT_THAT(mistake_in("http", {{"url", "http://a/"}, {"method", "PATCH"}}),
              HasSubstr("\"PATCH\" is not one of the words"));
  EXPECT_THAT(mistake_in("http", {{"url", "http://a/"}, {"body_limit", "1 GiB"}}),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::probe
