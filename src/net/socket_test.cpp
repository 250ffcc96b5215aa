#include "net/socket.h"

#include <functional>
#include <optional>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include "net/resolver.h"
#include "net/test_server.h"
#include "sys/file.h"

namespace squall::net {
namespace {

using sys::Fd;
using sys::Patience;
using ::testing::HasSubstr;
using ::testing::StartsWith;

void echo(int fd, Patience& patience) {
  send_text(fd, receive_until(fd, "\n", patience), patience);
}

Result<Connection> open(const Endpoint& endpoint, Duration limit = seconds(20)) {
  Patience patience(limit);
  return Connection::open(endpoint, patience);
}

// Sends a line and reads until the server closes.
std::string converse(Connection& connection, std::string_view line) {
  Patience patience(seconds(20));
  EXPECT_TRUE(connection.write_all(line, patience).ok());
  std::string reply;
  while (true) {
    const Result<std::string> piece = connection.read_some(1000, patience);
    if (!piece.ok()) return piece.error().render();
    if (piece->empty()) return reply;
    reply += *piece;
  }
}

TEST(Endpoint, IsDescribedAsPeopleWriteIt) {
  EXPECT_EQ(describe(Endpoint{.host = "127.0.0.1", .port = 80}), "127.0.0.1:80");
  EXPECT_EQ(describe(Endpoint{.host = "::1", .port = 80}), "[::1]:80");
  EXPECT_EQ(describe(Endpoint{.unix_path = "/run/x.sock"}), "/run/x.sock");
}

TEST(Connection, TalksOverIpv4AndTellsItsPeer) {
  const TestServer server(&echo);
  Result<Connection> connection = open({.host = "127.0.0.1", .port = server.port()});
  ASSERT_TRUE(connection.ok()) << connection.error().render();
  EXPECT_EQ(connection->peer(), fmt::format("127.0.0.1:{}", server.port()));
  EXPECT_EQ(converse(*connection, "hello\n"), "hello\n");
}

TEST(Connection, TalksOverIpv6) {
  const Fd probe(::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in6 loopback{};
  loopback.sin6_family = AF_INET6;
  loopback.sin6_addr = in6addr_loopback;
  if (!probe.valid() ||
      ::bind(probe.get(), reinterpret_cast<sockaddr*>(&loopback), sizeof loopback) != 0) {
    GTEST_SKIP() << "this host has no IPv6 loopback";
  }
  const TestServer server(&echo, AF_INET6);
  Result<Connection> connection = open({.host = "::1", .port = server.port()});
  ASSERT_TRUE(connection.ok()) << connection.error().render();
  EXPECT_EQ(connection->peer(), fmt::format("[::1]:{}", server.port()));
  EXPECT_EQ(converse(*connection, "six\n"), "six\n");
}

TEST(Connection, TalksOverAUnixSocket) {
  const std::string path = fmt::format("/tmp/squall-socket-test-{}.sock", ::getpid());
  {
    const TestServer server(&echo, path);
    Result<Connection> connection = open({.unix_path = path});
    ASSERT_TRUE(connection.ok()) << connection.error().render();
    EXPECT_EQ(connection->peer(), path);
    EXPECT_EQ(converse(*connection, "local\n"), "local\n");
  }
  const Result<Connection> refused = open({.unix_path = path});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().message, "connection refused by " + path);
  ::unlink(path.c_str());
  const Result<Connection> missing = open({.unix_path = path});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_EQ(missing.error().message, fmt::format("the socket {} does not exist", path));
}

TEST(Connection, ResolvesNames) {
  const TestServer server(&echo);
  Result<Connection> connection = open({.host = "localhost", .port = server.port()});
  ASSERT_TRUE(connection.ok()) << connection.error().render();
  EXPECT_EQ(converse(*connection, "by name\n"), "by name\n");
}

TEST(Connection, SaysWhoRefused) {
  const int port = unused_port();
  const Result<Connection> connection = open({.host = "127.0.0.1", .port = port});
  ASSERT_FALSE(connection.ok());
  EXPECT_EQ(connection.error().code, Code::refused);
  EXPECT_TRUE(is_about_target(connection.error()));
  EXPECT_EQ(connection.error().message, fmt::format("connection refused by 127.0.0.1:{}", port));
}

TEST(Connection, SaysThatANameHasNoAddress) {
  const Result<Connection> connection = open({.host = "no-such-host.invalid", .port = 80});
  ASSERT_FALSE(connection.ok());
  EXPECT_TRUE(is_about_target(connection.error()));
  EXPECT_THAT(connection.error().message, HasSubstr("no-such-host.invalid"));
}

TEST(Connection, RefusesWhatCannotBeAnAddress) {
  EXPECT_EQ(open({.host = "127.0.0.1", .port = 0}).error().code, Code::invalid);
  EXPECT_EQ(open({.host = "127.0.0.1", .port = 65536}).error().code, Code::invalid);
  EXPECT_EQ(open({.host = "", .port = 80}).error().code, Code::invalid);
  EXPECT_EQ(open({.unix_path = std::string(200, 'x')}).error().code, Code::invalid);
}

TEST(Connection, TimesOutOnAPeerThatAcceptsAndSaysNothing) {
  const TestServer server(&stay_silent);
  Result<Connection> connection = open({.host = "127.0.0.1", .port = server.port()});
  ASSERT_TRUE(connection.ok());
  Patience patience(milliseconds(100));
  const Result<std::string> reply = connection->read_some(100, patience);
  ASSERT_FALSE(reply.ok());
  EXPECT_EQ(reply.error().code, Code::timed_out);
  EXPECT_EQ(reply.error().message,
            fmt::format("no answer from 127.0.0.1:{} within 100 ms", server.port()));
  EXPECT_LT(patience.spent(), seconds(2));
}

// A listener whose queue is full drops further connects: the handshake is never finished.
TEST(Connection, TimesOutOnAListenerThatNeverAccepts) {
  const Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* where = reinterpret_cast<sockaddr*>(&address);
  ASSERT_EQ(::bind(listener.get(), where, length), 0);
  ASSERT_EQ(::listen(listener.get(), 0), 0);
  ASSERT_EQ(::getsockname(listener.get(), where, &length), 0);
  const Endpoint endpoint{.host = "127.0.0.1", .port = ntohs(address.sin_port)};
  std::vector<Connection> waiting;
  std::optional<Error> problem;
  for (int i = 0; i < 20 && !problem; ++i) {
    Result<Connection> connection = open(endpoint, milliseconds(200));
    if (connection.ok()) {
      waiting.push_back(std::move(*connection));
    } else {
      problem = connection.error();
    }
  }
  ASSERT_TRUE(problem.has_value());
  EXPECT_EQ(problem->code, Code::timed_out);
  EXPECT_EQ(problem->message,
            fmt::format("no answer from 127.0.0.1:{} within 200 ms", endpoint.port));
}

TEST(Connection, TimesOutWhenThePeerStopsReading) {
  const TestServer server([](int, Patience& patience) { patience.wait({}); });
  Result<Connection> connection = open({.host = "127.0.0.1", .port = server.port()});
  ASSERT_TRUE(connection.ok());
  Patience patience(milliseconds(100));
  const Status status = connection->write_all(std::string(64 << 20, 'x'), patience);
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::timed_out);
  EXPECT_LT(patience.spent(), seconds(5));
}

TEST(Connection, IsNotHeldForEverByAPeerThatNeverPauses) {
  const TestServer server([](int fd, Patience& patience) {
    while (send_text(fd, std::string(60000, 'x'), patience)) {
    }
  });
  Result<Connection> connection = open({.host = "127.0.0.1", .port = server.port()});
  ASSERT_TRUE(connection.ok());
  Patience patience(milliseconds(100));
  Result<std::string> piece = std::string();
  while (piece.ok()) piece = connection->read_some(16384, patience);
  EXPECT_EQ(piece.error().code, Code::timed_out);
}

TEST(Connection, SaysThatThePeerResetIt) {
  const TestServer server([](int fd, Patience& patience) {
    receive_until(fd, "\n", patience);
    const linger at_once{1, 0};
    ::setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  });
  Result<Connection> connection = open({.host = "127.0.0.1", .port = server.port()});
  ASSERT_TRUE(connection.ok());
  EXPECT_EQ(converse(*connection, "go\n"),
            fmt::format("connection reset by 127.0.0.1:{}", server.port()));
}

TEST(Connection, EndsWhenAStopIsAskedFor) {
  const TestServer server(&stay_silent);
  Result<Connection> connection = open({.host = "127.0.0.1", .port = server.port()});
  ASSERT_TRUE(connection.ok());
  std::stop_source source;
  Patience patience(seconds(30), source.get_token());
  const std::jthread asker([&] { source.request_stop(); });
  const Result<std::string> reply = connection->read_some(100, patience);
  ASSERT_FALSE(reply.ok());
  EXPECT_THAT(reply.error().message, StartsWith("stopped while waiting for"));
  EXPECT_FALSE(is_about_target(reply.error()));
  EXPECT_LT(patience.spent(), seconds(5));
}

// A new network namespace, bound to a path so that it can be named. Its loopback is down.
class NetworkNamespace {
 public:
  // `prepare` runs inside, before the namespace is used.
  explicit NetworkNamespace(const std::function<bool()>& prepare = [] { return true; })
      : path_(fmt::format("/tmp/squall-socket-test-{}.netns", ::getpid())) {
    std::jthread([&] {
      ok_ = ::unshare(CLONE_NEWNET) == 0 &&
            Fd(::open(path_.c_str(), O_CREAT | O_RDONLY | O_CLOEXEC, 0600)).valid() &&
            ::mount("/proc/thread-self/ns/net", path_.c_str(), nullptr, MS_BIND, nullptr) == 0 &&
            prepare();
    }).join();
  }
  ~NetworkNamespace() {
    ::umount2(path_.c_str(), MNT_DETACH);
    ::unlink(path_.c_str());
  }
  bool ok() const { return ok_; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
  bool ok_ = false;
};

bool raise_loopback() {
  const Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq request{};
  request.ifr_name[0] = 'l';
  request.ifr_name[1] = 'o';
  request.ifr_flags = IFF_UP;
  return ::ioctl(socket.get(), SIOCSIFFLAGS, &request) == 0;
}

TEST(Connection, IsMadeInTheNetworkNamespaceAskedFor) {
  if (::geteuid() != 0) GTEST_SKIP() << "making a network namespace needs root";
  const NetworkNamespace other;
  if (!other.ok()) GTEST_SKIP() << "this host allows no new network namespace";
  const TestServer server(&echo);
  ASSERT_TRUE(open({.host = "127.0.0.1", .port = server.port()}).ok());
  // The loopback of the new namespace is down: the same address leads nowhere from there.
  const Result<Connection> inside =
      open({.host = "127.0.0.1", .port = server.port(), .network_namespace = other.path()});
  ASSERT_FALSE(inside.ok());
  EXPECT_EQ(inside.error().message, fmt::format("no route to 127.0.0.1:{}", server.port()));
}

// A client that connects to a dead port of its own host can be given that very port as its source,
// and both ends of the handshake are then itself. Here there is only one port to choose.
TEST(Connection, NeverTakesItselfForAServer) {
  if (::geteuid() != 0) GTEST_SKIP() << "making a network namespace needs root";
  const NetworkNamespace narrow([] {
    return raise_loopback() &&
           sys::write_control("/proc/sys/net/ipv4/ip_local_port_range", "40000 40000").ok();
  });
  if (!narrow.ok()) GTEST_SKIP() << "this host allows no new network namespace";
  for (int i = 0; i < 3; ++i) {
    const Result<Connection> connection =
        open({.host = "127.0.0.1", .port = 40000, .network_namespace = narrow.path()});
    ASSERT_FALSE(connection.ok());
    EXPECT_EQ(connection.error().message, "connection refused by 127.0.0.1:40000");
  }
}

TEST(Connection, SaysThatTheNetworkNamespaceIsMissingOrNone) {
  const Result<Connection> missing =
      open({.host = "127.0.0.1", .port = 80, .network_namespace = "/no/such/namespace"});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_THAT(missing.error().render(), HasSubstr("/no/such/namespace"));
  const Result<Connection> other =
      open({.host = "127.0.0.1", .port = 80, .network_namespace = "/etc/passwd"});
  ASSERT_FALSE(other.ok());
  EXPECT_FALSE(is_about_target(other.error()));
}

TEST(Resolve, ReadsNumericAddressesWithoutALookup) {
  Patience nothing(Duration{0});
  const auto four = resolve("10.1.2.3", 80, nothing);
  ASSERT_TRUE(four.ok());
  ASSERT_EQ(four->size(), 1U);
  EXPECT_EQ(describe(four->front()), "10.1.2.3:80");
  const auto six = resolve("fd00::1", 443, nothing);
  ASSERT_TRUE(six.ok());
  EXPECT_EQ(describe(six->front()), "[fd00::1]:443");
}

TEST(Resolve, GivesUpOnANameAtItsLimit) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "under ThreadSanitizer names are looked up without a limit";
#endif
  Patience patience(Duration{0});
  const auto addresses = resolve("slow.example", 80, patience);
  ASSERT_FALSE(addresses.ok());
  EXPECT_EQ(addresses.error().code, Code::timed_out);
  EXPECT_THAT(addresses.error().message, HasSubstr("\"slow.example\" took longer than"));
}

}  // namespace
}  // namespace squall::net
