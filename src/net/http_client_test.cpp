#include "net/http_client.h"

#include <thread>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/socket.h"
#include "net/test_server.h"

namespace squall::net {
namespace {

using sys::Patience;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

HttpRequest request_to(const TestServer& server, std::string method = "GET") {
  return {.method = std::move(method),
          .url = {.host = "127.0.0.1", .port = server.port(), .target = "/health?full=1"}};
}

Result<HttpResponse> ask(const HttpRequest& request, Duration limit = seconds(20)) {
  Patience patience(limit);
  return exchange(request, patience);
}

Result<HttpResponse> ask_answer(std::string answer, std::string method = "GET") {
  const TestServer server(answer_with(std::move(answer)));
  return ask(request_to(server, std::move(method)));
}

// Answers with the request itself as the body.
void mirror(int fd, Patience& patience) {
  const std::string request = receive_until(fd, "\r\n\r\n", patience);
  std::string body;
  if (const std::size_t at = request.find("Content-Length: "); at != std::string::npos) {
    body = receive_until(fd, "END", patience);
  }
  send_text(fd, "HTTP/1.1 200 OK\r\n\r\n" + request + body, patience);
}

TEST(HttpExchange, SendsWhatItShouldAndNothingElse) {
  const TestServer server(&mirror);
  const auto response = ask(request_to(server));
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->body, fmt::format("GET /health?full=1 HTTP/1.1\r\nHost: 127.0.0.1:{}\r\n"
                                        "User-Agent: squall\r\nAccept: */*\r\n"
                                        "Connection: close\r\n\r\n",
                                        server.port()));
}

TEST(HttpExchange, SendsHeadersAndABody) {
  const TestServer server(&mirror);
  HttpRequest request = request_to(server, "POST");
  request.headers = {{"host", "inner.example"}, {"X-Token", "a b"}};
  request.body = "the END";
  const auto response = ask(request);
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_THAT(response->body, StartsWith("POST /health?full=1 HTTP/1.1\r\nUser-Agent: squall\r\n"));
  EXPECT_THAT(response->body, HasSubstr("host: inner.example\r\nX-Token: a b\r\n"));
  EXPECT_THAT(response->body, EndsWith("Content-Length: 7\r\nConnection: close\r\n\r\nthe END"));
  EXPECT_THAT(response->body, Not(HasSubstr("127.0.0.1")));
}

TEST(HttpExchange, ReadsABodyOfKnownLength) {
  const auto response = ask_answer(
      "HTTP/1.1 503 Busy\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbusy and more");
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->status, 503);
  EXPECT_EQ(response->body, "busy");
  EXPECT_FALSE(response->body_was_cut);
  EXPECT_EQ(header_value(*response, "content-TYPE"), "text/plain");
  EXPECT_EQ(header_value(*response, "missing"), "");
}

TEST(HttpExchange, ReadsAChunkedBody) {
  const auto response = ask_answer(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
      "5;note=x\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nTrailer: x\r\n\r\n");
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->body, "hello world");
}

TEST(HttpExchange, ReadsABodyThatEndsWithTheConnection) {
  const auto response = ask_answer("HTTP/1.0 200 OK\r\n\r\nuntil the end");
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->body, "until the end");
}

TEST(HttpExchange, ExpectsNoBodyWhereThereIsNone) {
  const auto head = ask_answer("HTTP/1.1 200 OK\r\nContent-Length: 99999999\r\n\r\n", "HEAD");
  ASSERT_TRUE(head.ok()) << head.error().render();
  EXPECT_EQ(head->status, 200);
  EXPECT_FALSE(head->body_was_cut);
  const auto empty = ask_answer("HTTP/1.1 204 No Content\r\n\r\n");
  ASSERT_TRUE(empty.ok()) << empty.error().render();
  EXPECT_EQ(empty->body, "");
}

TEST(HttpExchange, SkipsInterimAnswers) {
  const auto response = ask_answer(
      "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 100 Continue\r\n\r\n"
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok");
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "ok");
}

TEST(HttpExchange, FollowsNoRedirect) {
  const auto response = ask_answer(
      "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n");
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->status, 302);
  EXPECT_EQ(header_value(*response, "Location"), "http://127.0.0.1:1/");
}

TEST(HttpExchange, CutsABodyThatIsTooLong) {
  const auto known = ask_answer("HTTP/1.1 200 OK\r\nContent-Length: 1048577\r\n\r\nx");
  ASSERT_TRUE(known.ok()) << known.error().render();
  EXPECT_EQ(known->status, 200);
  EXPECT_TRUE(known->body_was_cut);
  const auto absurd = ask_answer("HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775807\r\n\r\nx");
  ASSERT_TRUE(absurd.ok()) << absurd.error().render();
  EXPECT_TRUE(absurd->body_was_cut);
}

TEST(HttpExchange, KeepsABodyOfExactlyTheLimit) {
  const TestServer server(answer_with("HTTP/1.1 200 OK\r\n\r\n12345678"));
  HttpRequest request = request_to(server);
  request.body_limit = {8};
  const auto exact = ask(request);
  ASSERT_TRUE(exact.ok());
  EXPECT_EQ(exact->body, "12345678");
  EXPECT_FALSE(exact->body_was_cut);
  request.body_limit = {7};
  const auto cut = ask(request);
  ASSERT_TRUE(cut.ok());
  EXPECT_TRUE(cut->body_was_cut);
}

// Sends a beginning and then the same piece again and again, until the client goes away.
TestServer::Serve send_without_end(std::string beginning, std::string piece) {
  return [=](int fd, Patience& patience) {
    receive_until(fd, "\r\n\r\n", patience);
    bool takes = send_text(fd, beginning, patience);
    while (takes) takes = send_text(fd, piece, patience);
  };
}

TEST(HttpExchange, IsBoundedAgainstABodyWithoutEnd) {
  const std::string chunk = "1000\r\n" + std::string(4096, 'x') + "\r\n";
  const TestServer chunked(
      send_without_end("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", chunk));
  const auto first = ask(request_to(chunked));
  ASSERT_TRUE(first.ok()) << first.error().render();
  EXPECT_TRUE(first->body_was_cut);
  EXPECT_LE(first->body.size(), 1U << 20);

  const TestServer plain(send_without_end("HTTP/1.1 200 OK\r\n\r\n", chunk));
  const auto second = ask(request_to(plain));
  ASSERT_TRUE(second.ok()) << second.error().render();
  EXPECT_TRUE(second->body_was_cut);
  EXPECT_LE(second->body.size(), 1U << 20);
}

TEST(HttpExchange, IsBoundedAgainstHeadersWithoutEnd) {
  const TestServer many(send_without_end("HTTP/1.1 200 OK\r\n", "X-More: and more\r\n"));
  const auto first = ask(request_to(many));
  ASSERT_FALSE(first.ok());
  EXPECT_THAT(first.error().message, HasSubstr("a header of more than 64 KiB"));

  const TestServer one(send_without_end("HTTP/1.1 200 OK\r\nX-Long: ", std::string(4096, 'x')));
  const auto second = ask(request_to(one));
  ASSERT_FALSE(second.ok());
  EXPECT_THAT(second.error().message, HasSubstr("a header of more than 64 KiB"));
}

TEST(HttpExchange, IsBoundedAgainstAChunkHeaderWithoutEnd) {
  const TestServer server(send_without_end(
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5;x=", std::string(4096, 'x')));
  const auto response = ask(request_to(server));
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::conflict);
  EXPECT_THAT(response.error().message, HasSubstr("chunk header without end"));
}

TEST(HttpExchange, IsBoundedAgainstInterimAnswersWithoutEnd) {
  const TestServer server(send_without_end("", "HTTP/1.1 100 Continue\r\n\r\n"));
  const auto response = ask(request_to(server));
  ASSERT_FALSE(response.ok());
  EXPECT_THAT(response.error().message, HasSubstr("interim answers without end"));
}

TEST(HttpExchange, SaysWhatIsWrongWithGarbage) {
  for (const char* garbage :
       {"-ERR unknown command\r\n\r\n", "HTTP/9.9 200 OK\r\n\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab"}) {
    const auto response = ask_answer(garbage);
    ASSERT_FALSE(response.ok()) << garbage;
    EXPECT_EQ(response.error().code, Code::conflict);
    EXPECT_TRUE(is_about_target(response.error()));
    EXPECT_THAT(response.error().message, HasSubstr("did not answer in HTTP")) << garbage;
  }
}

TEST(HttpExchange, SaysThatTheAnswerEndedTooEarly) {
  EXPECT_THAT(ask_answer("").error().message, EndsWith("closed the connection without an answer"));
  for (const char* part : {"HTTP/1.1 2", "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhalf"}) {
    EXPECT_THAT(ask_answer(part).error().message,
                EndsWith("closed the connection in the middle of its answer"))
        << part;
  }
}

TEST(HttpExchange, TimesOutOnASlowHeader) {
  const TestServer server([](int fd, Patience& patience) {
    send_text(fd, "HTTP/1.1 200 OK\r\nX-Slow: ", patience);
    while (Patience(milliseconds(10), patience.stop()).wait({}) == Patience::End::expired &&
           send_text(fd, "x", patience)) {
    }
  });
  Patience patience(milliseconds(150));
  const auto response = exchange(request_to(server), patience);
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::timed_out);
  EXPECT_EQ(response.error().message,
            fmt::format("no answer from 127.0.0.1:{} within 150 ms", server.port()));
  EXPECT_LT(patience.spent(), seconds(5));
}

TEST(HttpExchange, TimesOutOnAHalfOpenServer) {
  const TestServer server(&stay_silent);
  Patience patience(milliseconds(100));
  const auto response = exchange(request_to(server), patience);
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().code, Code::timed_out);
  EXPECT_LT(patience.spent(), seconds(5));
}

TEST(HttpExchange, SaysThatTheConnectionWasRefused) {
  const int port = unused_port();
  const auto response = ask({.url = {.host = "127.0.0.1", .port = port}});
  ASSERT_FALSE(response.ok());
  EXPECT_EQ(response.error().message, fmt::format("connection refused by 127.0.0.1:{}", port));
}

TEST(HttpExchange, TalksOverAUnixSocket) {
  const std::string path = fmt::format("/tmp/squall-http-test-{}.sock", ::getpid());
  const TestServer server(&mirror, path);
  const auto response = ask({.url = {.host = "app"}, .unix_path = path});
  ::unlink(path.c_str());
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_THAT(response->body, HasSubstr("Host: app\r\n"));
}

TEST(HttpExchange, ReadsTheAnswerToARequestThatWasNotReadToItsEnd) {
  const TestServer server([](int fd, Patience& patience) {
    receive_until(fd, "\r\n\r\n", patience);
    send_text(fd, "HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n", patience);
    ::shutdown(fd, SHUT_WR);
    receive_until(fd, "END", patience);
  });
  HttpRequest request = request_to(server, "PUT");
  request.body = std::string(100'000, 'x') + "END";
  const auto response = ask(request);
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->status, 413);
}

TEST(HttpRequest, RefusesWhatCannotGoOnTheWire) {
  const auto code_of = [](HttpRequest request) {
    const Status status = check_request(request);
    return status.ok() ? "ok" : code_name(status.error().code);
  };
  EXPECT_EQ(code_of({}), "ok");
  EXPECT_EQ(code_of({.method = "get"}), "invalid");
  EXPECT_EQ(code_of({.method = "GET / HTTP/1.1\r\nX: y"}), "invalid");
  EXPECT_EQ(code_of({.headers = {{"X-Fine", "a\tb"}}}), "ok");
  EXPECT_EQ(code_of({.headers = {{"", "x"}}}), "invalid");
  EXPECT_EQ(code_of({.headers = {{"X Y", "x"}}}), "invalid");
  EXPECT_EQ(code_of({.headers = {{"X:", "x"}}}), "invalid");
  EXPECT_EQ(code_of({.headers = {{"X", "a\r\nEvil: b"}}}), "invalid");
  EXPECT_EQ(code_of({.headers = {{"X", std::string("a\0b", 3)}}}), "invalid");
  EXPECT_EQ(code_of({.headers = {{"content-LENGTH", "3"}}}), "invalid");
}

}  // namespace
}  // namespace squall::net
