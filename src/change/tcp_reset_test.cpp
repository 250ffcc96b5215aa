#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "sys/private_network_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

constexpr std::uint16_t port = 7000;
constexpr std::uint16_t other_port = 7001;

const Kind& kind() {
  return *find(catalogue(), "tcp.reset");
}

int error_of(const sys::Fd& socket) {
  char letter = 0;
  return ::recv(socket.get(), &letter, 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

TEST(TcpReset, TellsTheGateWhichConnectionsItCuts) {
  const Footprint touched =
      kind().footprint({{"peer", "10.0.0.0/8"}, {"remote_port", 5432}}).value();
  ASSERT_EQ(touched.cuts.size(), 1U);
  EXPECT_EQ(touched.cuts[0].peer, "10.0.0.0/8");
  EXPECT_EQ(touched.cuts[0].remote_port, 5432);
  EXPECT_EQ(touched.cuts[0].protocol, "tcp");
}

TEST(TcpReset, RefusesAPeerThatIsNone) {
  EXPECT_EQ(kind().footprint({{"peer", "example"}}).error().code, Code::invalid);
  EXPECT_EQ(kind().footprint({{"peer", "10.0.0.1/8"}}).error().code, Code::invalid);
}

TEST(TcpReset, SaysWhatItDoesAndThatItCannotBeUndone) {
  EXPECT_EQ(kind().describe({{"namespace", "/run/netns/blue"}, {"local_port", port}}),
            "in the network namespace /run/netns/blue: reset all TCP connections of local port "
            "7000");
  EXPECT_THAT(kind().undo({}), HasSubstr("cannot be undone"));
}

class TcpResetIn : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    owner_ = std::make_unique<Sleeper>(Sleeper::Setting{.has_own_network = true});
    network_ = std::make_unique<sys::PrivateNetwork>(sys::PrivateNetwork::OfProcess{owner_->pid()});
    for (const std::uint16_t one : {port, other_port}) {
      listeners_.push_back(network_->bound(AF_INET, SOCK_STREAM, one));
      ASSERT_EQ(::listen(listeners_.back().get(), 8), 0);
    }
  }
  sys::Fd client(std::uint16_t to = port) const {
    return network_->connected(AF_INET, SOCK_STREAM, to);
  }
  Result<json::object> apply(json::object params) const {
    params["namespace"] = fmt::format("/proc/{}/ns/net", owner_->pid());
    return kind().apply(params, TRY(kind().capture(params)));
  }

  std::unique_ptr<Sleeper> owner_;
  std::unique_ptr<sys::PrivateNetwork> network_;
  std::vector<sys::Fd> listeners_;
};

TEST_F(TcpResetIn, ResetsThoseThatAreMeantAndListsThem) {
  const sys::Fd first = client();
  const sys::Fd second = client();
  const sys::Fd other = client(other_port);
  const Result<json::object> facts = apply({{"local_port", port}});
  ASSERT_TRUE(facts.ok()) << facts.error().render();
  EXPECT_EQ(integer_at(*facts, "reset"), 2);
  EXPECT_THAT(canonical_json(*facts), HasSubstr("127.0.0.1:7000 with 127.0.0.1:"));
  EXPECT_EQ(error_of(first), ECONNRESET);
  EXPECT_EQ(error_of(second), ECONNRESET);
  EXPECT_EQ(error_of(other), EAGAIN);
}

TEST_F(TcpResetIn, MeansClientsByTheirPeersPortAndAddress) {
  const sys::Fd one = client();
  EXPECT_EQ(integer_at(apply({{"remote_port", port}, {"peer", "10.0.0.0/8"}}).value(), "reset"), 0);
  EXPECT_EQ(error_of(one), EAGAIN);
  EXPECT_EQ(integer_at(apply({{"remote_port", port}, {"peer", "127.0.0.0/8"}}).value(), "reset"),
            1);
  EXPECT_EQ(error_of(one), ECONNABORTED) << "it is torn at its own end";
}

TEST_F(TcpResetIn, LeavesTheServiceOpenForOthers) {
  const sys::Fd torn = client();
  ASSERT_TRUE(apply({{"local_port", port}}).ok());
  const sys::Fd later = client();
  EXPECT_EQ(error_of(later), EAGAIN);
}

TEST_F(TcpResetIn, RefusesAnotherNamespaceThanItLookedAt) {
  json::object params{{"namespace", fmt::format("/proc/{}/ns/net", owner_->pid())},
                      {"local_port", port}};
  const json::object before = kind().capture(params).value();
  params["namespace"] = "";
  EXPECT_EQ(kind().apply(params, before).error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::change
