// The blocks are real: nftables owner tables in a network namespace of this test.
#include <thread>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "sys/network_namespace.h"
#include "sys/nft.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

constexpr std::uint16_t tcp_port = 8080;
constexpr std::uint16_t udp_port = 8081;
constexpr std::uint16_t dead_port = 8082;

// A network namespace with a TCP service that accepts and hangs up, and a UDP echo.
class PrivateNetwork {
 public:
  PrivateNetwork() {
    std::jthread([this] {
      CHECK(::unshare(CLONE_NEWNET) == 0, "a network namespace");
      namespace_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    }).join();
    const sys::Fd control = socket(SOCK_DGRAM);
    ifreq loopback{};
    std::string("lo").copy(loopback.ifr_name, sizeof loopback.ifr_name);
    loopback.ifr_flags = IFF_UP;
    CHECK(::ioctl(control.get(), SIOCSIFFLAGS, &loopback) == 0, "lo up");
    tcp_ = bound(SOCK_STREAM, tcp_port);
    udp_ = bound(SOCK_DGRAM, udp_port);
    CHECK(::listen(tcp_.get(), 128) == 0, "listen");
    thread_ = std::jthread([this](std::stop_token stop) { serve(stop); });
  }

  int fd() const { return namespace_.get(); }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd()); }

 private:
  sys::Fd socket(int type) const {
    return sys::open_socket({AF_INET, type | SOCK_NONBLOCK, 0}, fd()).value();
  }
  sys::Fd bound(int type, std::uint16_t port) const {
    sys::Fd made = socket(type);
    const sockaddr_in address{
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
    CHECK(::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
          "bind");
    return made;
  }
  void serve(std::stop_token stop) const {
    sys::Patience patience(minutes(2), stop);
    while (true) {
      pollfd entries[2] = {{tcp_.get(), POLLIN, 0}, {udp_.get(), POLLIN, 0}};
      if (patience.wait(entries) != sys::Patience::End::ready) return;
      const sys::Fd peer(::accept4(tcp_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      sockaddr_storage from{};
      socklen_t length = sizeof from;
      char letter = 0;
      auto* who = reinterpret_cast<sockaddr*>(&from);
      if (::recvfrom(udp_.get(), &letter, 1, MSG_DONTWAIT, who, &length) == 1) {
        ::sendto(udp_.get(), &letter, 1, MSG_DONTWAIT, who, length);
      }
    }
  }

  sys::Fd namespace_;
  sys::Fd tcp_;
  sys::Fd udp_;
  std::jthread thread_;  // last: it uses the members above
};

class NetworkBlocked : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    network_ = std::make_unique<PrivateNetwork>();
  }
  json::object params(std::uint16_t port, std::string_view expects,
                      std::string_view protocol = "tcp") const {
    return {{"host", "127.0.0.1"},
            {"port", port},
            {"namespace", network_->path()},
            {"protocol", protocol},
            {"expects", expects}};
  }
  std::unique_ptr<Witness> open(std::uint16_t port, std::string_view expects,
                                std::string_view protocol = "tcp") const {
    return scenes::open("network.blocked", params(port, expects, protocol)).value();
  }
  sys::NftOwnerTable block(const sys::NftRule& rule) const {
    return sys::NftOwnerTable::create("squall_witness", std::span(&rule, 1), network_->fd())
        .value();
  }

  std::unique_ptr<PrivateNetwork> network_;
};

using sys::NftAction;
using sys::NftDirection;

TEST_F(NetworkBlocked, SeesADropAndItsEnd) {
  const auto witness = open(tcp_port, "drop");
  EXPECT_TRUE(scenes::stays_off(*witness));
  sys::NftOwnerTable table = block({.direction = NftDirection::in, .local_port = tcp_port});
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_THAT(on->detail, HasSubstr("no answer within 5"));
  EXPECT_GE(on->newest, milliseconds(40)) << "the silence speaks of when the request was sent";
  EXPECT_GT(on->oldest, on->newest);
  ASSERT_TRUE(table.remove().ok());
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(NetworkBlocked, SeesARejectAndItsEnd) {
  const auto witness = open(tcp_port, "reject");
  EXPECT_TRUE(scenes::stays_off(*witness));
  sys::NftOwnerTable table =
      block({.action = NftAction::reject, .direction = NftDirection::out, .remote_port = tcp_port});
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->detail, "refused: Connection refused");
  EXPECT_EQ(on->newest, Duration{});
  ASSERT_TRUE(table.remove().ok());
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(NetworkBlocked, TellsDropAndRejectApart) {
  const auto drop = open(tcp_port, "drop");
  const auto reject = open(tcp_port, "reject");
  {
    const auto table = block({.action = NftAction::reject, .local_port = tcp_port});
    EXPECT_TRUE(scenes::stays_off(*drop, 5));
  }
  const auto table = block({.local_port = tcp_port});
  EXPECT_TRUE(scenes::stays_off(*reject, 5));
}

// A rejected reply leaves the client without any answer, which network.block tells the witness.
TEST_F(NetworkBlocked, SeesSilenceWhenOnlyTheReplyIsRejected) {
  const auto witness = open(tcp_port, "drop");
  const auto table =
      block({.action = NftAction::reject, .direction = NftDirection::out, .local_port = tcp_port});
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST_F(NetworkBlocked, SeesNothingWhenAnotherPortIsBlocked) {
  const auto witness = open(tcp_port, "drop");
  const auto table = block({.local_port = dead_port});
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(NetworkBlocked, SeesNothingWhenAnotherNamespaceIsBlocked) {
  const PrivateNetwork other;
  const auto witness = open(tcp_port, "drop");
  const sys::NftRule everything;
  const auto table =
      sys::NftOwnerTable::create("squall_witness", std::span(&everything, 1), other.fd()).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(NetworkBlocked, SeesDatagramsDroppedAndRejected) {
  const auto drop = open(udp_port, "drop", "udp");
  const auto reject = open(udp_port, "reject", "udp");
  EXPECT_TRUE(scenes::stays_off(*drop));
  for (const NftDirection direction : {NftDirection::in, NftDirection::out}) {
    const auto table = block({.direction = direction, .local_port = udp_port});
    EXPECT_TRUE(scenes::see(*drop, true).has_value());
  }
  EXPECT_TRUE(scenes::see(*drop, false).has_value());
  {
    const auto table =
        block({.action = NftAction::reject, .direction = NftDirection::in, .local_port = udp_port});
    EXPECT_TRUE(scenes::see(*reject, true).has_value());
  }
  EXPECT_TRUE(scenes::see(*reject, false).has_value());
}

TEST_F(NetworkBlocked, RefusesAnEndpointThatDoesNotAnswerBeforehand) {
  for (const std::string_view protocol : {"tcp", "udp"}) {
    const auto witness = scenes::open("network.blocked", params(dead_port, "drop", protocol));
    ASSERT_FALSE(witness.ok()) << protocol;
    EXPECT_EQ(witness.error().code, Code::not_found);
    EXPECT_THAT(witness.error().message, HasSubstr("does not answer before the fault"));
    EXPECT_THAT(witness.error().next, HasSubstr("name an endpoint"));
  }
}

TEST_F(NetworkBlocked, RefusesANamespaceThatIsNotThere) {
  json::object nowhere = params(tcp_port, "drop");
  nowhere["namespace"] = "/run/netns/there-is-none";
  const auto witness = scenes::open("network.blocked", nowhere);
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
