#include "sys/tcp_connections.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "sys/private_network_test.h"

namespace squall::sys {
namespace {

constexpr std::uint16_t port = 7000;

class TcpConnectionsIn : public testing::TestWithParam<int> {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    network_.emplace();
    listener_ = network_->bound(GetParam(), SOCK_STREAM, port);
    ASSERT_EQ(::listen(listener_.get(), 8), 0);
    connections_.emplace(TcpConnections::open(network_->fd()).value());
  }
  // Of the two ends of a connection here, that of the server.
  std::vector<TcpConnection> of_server() const {
    std::vector<TcpConnection> all = connections_->list().value();
    std::erase_if(all, [](const TcpConnection& one) { return one.local_port != port; });
    return all;
  }
  Fd accepted() const { return Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)); }

  std::optional<PrivateNetwork> network_;
  Fd listener_;
  std::optional<TcpConnections> connections_;
};
INSTANTIATE_TEST_SUITE_P(Families, TcpConnectionsIn, testing::Values(AF_INET, AF_INET6),
                         [](const auto& one) { return one.param == AF_INET ? "IPv4" : "IPv6"; });

int error_of(const Fd& socket) {
  char letter = 0;
  return ::recv(socket.get(), &letter, 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

TEST_P(TcpConnectionsIn, AreListedWithBothEndsAndWithoutWhoeverListens) {
  EXPECT_TRUE(connections_->list().value().empty());
  const Fd client = network_->connected(GetParam(), SOCK_STREAM, port);
  const std::vector<TcpConnection> found = of_server();
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].local, GetParam() == AF_INET ? "127.0.0.1" : "::1");
  EXPECT_EQ(found[0].peer, found[0].local);
  EXPECT_EQ(connections_->list().value().size(), 2U) << "the client's end is here too";
}

TEST_P(TcpConnectionsIn, AreResetOneByOne) {
  const Fd first = network_->connected(GetParam(), SOCK_STREAM, port);
  const Fd first_served = accepted();
  const std::vector<TcpConnection> before = of_server();
  const Fd second = network_->connected(GetParam(), SOCK_STREAM, port);
  const Fd second_served = accepted();
  EXPECT_TRUE(connections_->reset(before.at(0)).value());
  EXPECT_EQ(error_of(first_served), ECONNABORTED);
  EXPECT_EQ(error_of(first), ECONNRESET);
  EXPECT_EQ(error_of(second), EAGAIN) << "is left alone";
  EXPECT_FALSE(connections_->reset(before.at(0)).value()) << "it is gone";
}

// Another connection between the same two ports is another connection.
TEST_P(TcpConnectionsIn, AreKnownByTheirCookieAndNotByTheirPorts) {
  const Fd client = network_->connected(GetParam(), SOCK_STREAM, port);
  TcpConnection other = of_server().at(0);
  ++other.id.idiag_cookie[0];
  EXPECT_FALSE(connections_->reset(other).value());
  EXPECT_EQ(error_of(client), EAGAIN);
}

TEST_P(TcpConnectionsIn, CanBeResetHere) {
  const Status status = connections_->check_reset();
  EXPECT_TRUE(status.ok()) << status.error().render();
}

}  // namespace
}  // namespace squall::sys
