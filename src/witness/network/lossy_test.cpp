// The losses are real: a service of the test that does not answer, and nft(8) in a network
// namespace of the test's own.
#include <gmock/gmock.h>

#include "net/test_server.h"
#include "sys/command.h"
#include "sys/private_network_test.h"
#include "witness/scenes_test.h"
#include "witness/udp_echo_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

json::object params(std::uint16_t port, std::string_view share, double burst = 1) {
  return {{"host", "127.0.0.1"},
          {"port", port},
          {"protocol", "udp"},
          {"share", share},
          {"burst", burst}};
}

std::unique_ptr<Witness> open(const json::object& params) {
  return scenes::open("network.lossy", params).value();
}

TEST(NetworkLossy, SeesLossesTheirShareAndTheirEnd) {
  UdpEcho echo;
  const auto witness = open(params(echo.port(), "20 %"));
  EXPECT_TRUE(scenes::stays_off(*witness, 10));
  echo.ignore(1, 5);
  ASSERT_TRUE(scenes::see(*witness, true).has_value());
  double dose = 0;
  for (int i = 0; i < 30; ++i) dose = witness->look().value().dose;
  EXPECT_NEAR(dose, 20, 10);
  echo.ignore(0, 1);
  const auto off = scenes::see(*witness, false);
  ASSERT_TRUE(off.has_value());
  EXPECT_THAT(off->detail, HasSubstr("exchanges lost"));
  EXPECT_GT(off->oldest, milliseconds(50)) << "it looks back over a window";
}

TEST(NetworkLossy, SeesLossesInBursts) {
  UdpEcho echo;
  const auto witness = open(params(echo.port(), "20 %", 4));
  echo.ignore(4, 20);
  ASSERT_TRUE(scenes::see(*witness, true).has_value());
  int on = 0;
  for (int i = 0; i < 50; ++i) on += witness->look().value().on ? 1 : 0;
  EXPECT_GT(on, 45) << "between two bursts the window still tells";
}

TEST(NetworkLossy, SeesNothingWhenMuchLessIsLost) {
  UdpEcho echo;
  const auto witness = open(params(echo.port(), "50 %"));
  echo.ignore(1, 40);
  int on = 0;
  for (int i = 0; i < 40; ++i) on += witness->look().value().on ? 1 : 0;
  EXPECT_LT(on, 4);
}

TEST(NetworkLossy, RefusesALineThatLosesByItself) {
  UdpEcho echo;
  echo.ignore(1, 40);
  const auto opened = scenes::open("network.lossy", params(echo.port(), "2 %"));
  ASSERT_FALSE(opened.ok());
  const bool is_at_first = opened.error().code == Code::not_found;
  EXPECT_TRUE(is_at_first || opened.error().code == Code::conflict) << opened.error().render();
}

TEST(NetworkLossy, RefusesAPortAtWhichNobodyListens) {
  json::object asked = params(static_cast<std::uint16_t>(net::unused_port()), "10 %");
  asked["protocol"] = "tcp";
  EXPECT_EQ(scenes::open("network.lossy", asked).error().code, Code::not_found);
}

// A random loss of TCP packets, made by the kernel itself.
class NetworkLossyByNft : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    network_ = std::make_unique<sys::PrivateNetwork>();
    listener_ = network_->bound(AF_INET, SOCK_STREAM, port);
    ASSERT_EQ(::listen(listener_.get(), 4096), 0);
    accepting_ = std::jthread([this](const std::stop_token& stop) {
      while (!stop.stop_requested()) {
        const sys::Fd taken(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      }
    });
  }
  void nft(const std::string& words) const {
    std::jthread([&] {
      ASSERT_TRUE(sys::enter_network_namespace(network_->fd()).ok());
      sys::Patience patience(seconds(10));
      const auto ran = sys::run_command({.argv = {"nft", words}}, patience);
      ASSERT_TRUE(ran.ok()) << ran.error().render();
    }).join();
  }

  static constexpr std::uint16_t port = 7000;
  std::unique_ptr<sys::PrivateNetwork> network_;
  sys::Fd listener_;  // gives up an accept after a second
  std::jthread accepting_;
};

TEST_F(NetworkLossyByNft, SeesTcpPacketsGetLost) {
  json::object asked = params(port, "25 %");
  asked["protocol"] = "tcp";
  asked["namespace"] = network_->path();
  const auto witness = open(asked);
  EXPECT_TRUE(scenes::stays_off(*witness, 10));
  nft("add table ip t; add chain ip t c { type filter hook input priority 0; }; "
      "add rule ip t c tcp dport 7000 numgen random mod 100 < 25 drop");
  ASSERT_TRUE(scenes::see(*witness, true).has_value());
  double dose = 0;
  for (int i = 0; i < 20; ++i) dose += witness->look().value().dose / 20;
  EXPECT_NEAR(dose, 25, 12);
  nft("delete table ip t");
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

}  // namespace
}  // namespace squall::witness
