// The server on a real socket, and its reader on pieces of bytes: clients that are slow, wrong, too
// large or gone.
#include "net/http_server.h"

#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>

#include "net/http_client.h"
#include "net/socket.h"
#include "sys/clock.h"

namespace squall::net {
namespace {

class HttpServerTest : public testing::Test {
 protected:
  HttpServerTest() {
    Address address;
    auto& any = reinterpret_cast<sockaddr_in&>(address.storage);
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.length = sizeof any;
    server_ = HttpServer::listen(address,
                                 [](const HttpCall& call) {
                                   return HttpAnswer{call.path == "/none" ? 204 : 200,
                                                     {{"X-Seen", call.method + " " + call.path}},
                                                     call.body};
                                 },
                                 {.body = {1000}})
                  .value();
    port_ = std::stoi(server_->place().substr(server_->place().rfind(':') + 1));
    thread_ =
        std::jthread([this](std::stop_token stop) { EXPECT_TRUE(server_->serve(stop).ok()); });
  }

  Connection connect() {
    return Connection::open({.host = "127.0.0.1", .port = port_}, patience_).value();
  }
  std::string converse(std::string_view request) {
    Connection connection = connect();
    EXPECT_TRUE(connection.write_all(request, patience_).ok());
    std::string all;
    while (true) {
      const Result<std::string> piece = connection.read_some(4096, patience_);
      if (!piece.ok() || piece->empty()) return all;
      all += *piece;
    }
  }

  sys::Patience patience_{seconds(30)};
  std::unique_ptr<HttpServer> server_;
  int port_ = 0;
  std::jthread thread_;
};

TEST_F(HttpServerTest, AnswersTheClientOfThisModule) {
  const HttpRequest request{.method = "POST",
                            .url = {.host = "127.0.0.1", .port = port_, .target = "/a%20b?q=1"},
                            .body = "text"};
  const Result<HttpResponse> response = exchange(request, patience_);
  ASSERT_TRUE(response.ok()) << response.error().render();
  EXPECT_EQ(response->status, 200);
  EXPECT_EQ(response->body, "text");
  EXPECT_EQ(header_value(*response, "X-Seen"), "POST /a b");
}

TEST_F(HttpServerTest, AnswersSeveralCallsOnOneConnectionInTheirOrder) {
  const std::string both = converse(
      "GET /one HTTP/1.1\r\nHost: x\r\n\r\nGET /two HTTP/1.1\r\nHost: x\r\nConnection: "
      "close\r\n\r\n");
  const std::size_t one = both.find("X-Seen: GET /one");
  const std::size_t two = both.find("X-Seen: GET /two");
  EXPECT_NE(one, std::string::npos) << both;
  EXPECT_NE(two, std::string::npos) << both;
  EXPECT_LT(one, two);
}

TEST_F(HttpServerTest, KeepsTheFormOfAnAnswerWithoutABody) {
  const std::string none = converse("GET /none HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(none.starts_with("HTTP/1.1 204 No Content\r\n")) << none;
  EXPECT_EQ(none.find("Content-Length"), std::string::npos) << none;
}

TEST_F(HttpServerTest, RefusesWhatIsNoHttpAndWhatIsTooLarge) {
  EXPECT_TRUE(converse("hello\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(converse("GET /%zz HTTP/1.1\r\nHost: x\r\n\r\n").starts_with("HTTP/1.1 400 "));
  EXPECT_TRUE(converse("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1001\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
  EXPECT_TRUE(converse("GET / HTTP/1.1\r\nX: " + std::string(70'000, 'x') + "\r\n\r\n")
                  .starts_with("HTTP/1.1 413 "));
}

TEST_F(HttpServerTest, ServesOthersWhileAClientSaysNothing) {
  Connection silent = connect();
  ASSERT_TRUE(silent.write_all("POST / HTTP/1.1\r\nContent-Le", patience_).ok());
  const std::string answer = converse("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(answer.starts_with("HTTP/1.1 200 ")) << answer;
}

TEST_F(HttpServerTest, TellsAClientThatAsksToGoAhead) {
  Connection connection = connect();
  ASSERT_TRUE(connection
                  .write_all("POST / HTTP/1.1\r\nHost: x\r\nExpect: 100-continue\r\n"
                             "Content-Length: 2\r\n\r\n",
                             patience_)
                  .ok());
  EXPECT_TRUE(connection.read_some(100, patience_).value().starts_with("HTTP/1.1 100 "));
  ASSERT_TRUE(connection.write_all("ok", patience_).ok());
  EXPECT_TRUE(connection.read_some(1000, patience_).value().starts_with("HTTP/1.1 200 "));
}

// A stream in the hands of a test: what is given to it is sent.
class GivenStream final : public HttpStream {
 public:
  void on_ready(std::function<void()> wake) override {
    const std::lock_guard lock(mutex_);
    wake_ = std::move(wake);
  }
  std::string take() override {
    const std::lock_guard lock(mutex_);
    return std::exchange(text_, {});
  }
  bool is_over() const override {
    const std::lock_guard lock(mutex_);
    return is_over_;
  }
  void give(std::string_view text, bool is_last = false) {
    const std::lock_guard lock(mutex_);
    text_ += text;
    is_over_ = is_last;
    if (wake_) wake_();
  }

 private:
  mutable std::mutex mutex_;
  std::function<void()> wake_;
  std::string text_ = "first";
  bool is_over_ = false;
};

class HttpStreamTest : public testing::Test {
 protected:
  HttpStreamTest() {
    Address address;
    auto& any = reinterpret_cast<sockaddr_in&>(address.storage);
    any.sin_family = AF_INET;
    any.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.length = sizeof any;
    server_ = HttpServer::listen(address, [this](const HttpCall& call) {
                HttpAnswer answer;
                if (call.path == "/stream") answer.stream = stream_;
                return answer;
              }).value();
    port_ = std::stoi(server_->place().substr(server_->place().rfind(':') + 1));
    thread_ =
        std::jthread([this](std::stop_token stop) { EXPECT_TRUE(server_->serve(stop).ok()); });
  }
  Connection ask(std::string_view request) {
    Connection connection =
        Connection::open({.host = "127.0.0.1", .port = port_}, patience_).value();
    EXPECT_TRUE(connection.write_all(request, patience_).ok());
    return connection;
  }
  // What comes until it ends with this, or the connection does.
  std::string read_until(Connection& connection, std::string_view end) {
    std::string all;
    while (!all.ends_with(end) || end.empty()) {
      const Result<std::string> piece = connection.read_some(4096, patience_);
      if (!piece.ok() || piece->empty()) break;
      all += *piece;
    }
    return all;
  }

  sys::Patience patience_{seconds(30)};
  std::shared_ptr<GivenStream> stream_ = std::make_shared<GivenStream>();
  std::unique_ptr<HttpServer> server_;
  int port_ = 0;
  std::jthread thread_;
};

TEST_F(HttpStreamTest, SendsPiecesAsTheyComeAndTheEnd) {
  Connection connection = ask("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  const std::string head = read_until(connection, "first\r\n");
  EXPECT_NE(head.find("\r\nTransfer-Encoding: chunked\r\n"), std::string::npos) << head;
  EXPECT_EQ(head.find("Content-Length"), std::string::npos) << head;
  EXPECT_TRUE(head.ends_with("\r\n\r\n5\r\nfirst\r\n")) << head;
  stream_->give("second one");
  EXPECT_EQ(read_until(connection, "one\r\n"), "a\r\nsecond one\r\n");
  stream_->give("last", true);
  EXPECT_EQ(read_until(connection, ""), "4\r\nlast\r\n0\r\n\r\n");
}

TEST_F(HttpStreamTest, AClientThatClosesGetsItPlain) {
  Connection connection = ask("GET /stream HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(read_until(connection, "first").ends_with("\r\n\r\nfirst"));
  stream_->give("last", true);
  EXPECT_EQ(read_until(connection, ""), "last");
}

TEST_F(HttpStreamTest, OthersAreServedMeanwhileAndAClientThatGoesFreesTheStream) {
  std::optional<Connection> connection = ask("GET /stream HTTP/1.1\r\nHost: x\r\n\r\n");
  EXPECT_NE(read_until(*connection, "first\r\n"), "");
  Connection other = ask("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
  EXPECT_TRUE(read_until(other, "").starts_with("HTTP/1.1 200 "));
  EXPECT_GT(stream_.use_count(), 1);
  connection.reset();
  while (stream_.use_count() > 1 && !patience_.is_over()) ::poll(nullptr, 0, 1);
  EXPECT_EQ(stream_.use_count(), 1);
}

TEST(HttpServer, DoesItsChoreWhenItIsDue) {
  Address address;
  reinterpret_cast<sockaddr_in&>(address.storage).sin_family = AF_INET;
  address.length = sizeof(sockaddr_in);
  const auto server = HttpServer::listen(address, [](const HttpCall&) { return HttpAnswer(); });
  ASSERT_TRUE(server.ok());
  std::stop_source stop;
  int times = 0;
  EXPECT_TRUE((*server)
                  ->serve(stop.get_token(),
                          [&] {
                            if (++times == 3) stop.request_stop();
                            return sys::monotonic_now() + milliseconds(1);
                          })
                  .ok());
  EXPECT_EQ(times, 3);
}

TEST(HttpCallReader, ReadsTheSameInPiecesOfOneByte) {
  const std::string whole =
      "POST http://host/p?q HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\n\r\nrest";
  HttpCallReader reader(Bytes{100});
  std::string pending;
  std::optional<HttpCall> call;
  std::size_t used = 0;
  while (!call) {
    ASSERT_LT(used, whole.size());
    pending += whole[used++];
    call = reader.take(pending).value();
  }
  EXPECT_EQ(call->path, "/p");
  EXPECT_EQ(call->query, "q");
  EXPECT_EQ(call->body, "abcde");
  EXPECT_EQ(whole.substr(used), "rest");
}

}  // namespace
}  // namespace squall::net
