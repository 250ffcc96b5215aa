// The delays are real: a service of the test answers late.
#include <gmock/gmock.h>

#include "net/test_server.h"
#include "witness/scenes_test.h"
#include "witness/udp_echo_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

json::object params(std::uint16_t port, std::string_view delay, std::string_view protocol = "udp") {
  return {{"host", "127.0.0.1"}, {"port", port}, {"protocol", protocol}, {"delay", delay}};
}

std::unique_ptr<Witness> open(const json::object& params) {
  return scenes::open("network.slow", params).value();
}

TEST(NetworkSlow, SeesADelayItsDoseAndItsEnd) {
  UdpEcho echo;
  const auto witness = open(params(echo.port(), "60 ms"));
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  echo.delay(milliseconds(60));
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_GE(on->dose, 50);
  EXPECT_LT(on->dose, 200) << "a busy host makes it longer, but not by so much";
  EXPECT_THAT(on->detail, HasSubstr("a round trip takes"));
  EXPECT_GE(on->oldest, on->newest);
  EXPECT_GE(on->newest, milliseconds(40)) << "it was met before it waited";
  echo.delay({});
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST(NetworkSlow, SeesNothingWhenTheDelayIsFarFromWhatShouldBe) {
  UdpEcho echo;
  const auto witness = open(params(echo.port(), "400 ms"));
  echo.delay(milliseconds(60));
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

TEST(NetworkSlow, TakesOffWhatTheTwinFeelsToo) {
  UdpEcho echo;
  UdpEcho beside;
  json::object asked = params(echo.port(), "150 ms");
  asked["bypass_host"] = "127.0.0.1";
  asked["bypass_port"] = beside.port();
  const auto witness = open(asked);
  echo.delay(milliseconds(150));
  beside.delay(milliseconds(150));
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  beside.delay({});
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_THAT(on->detail, HasSubstr("; beside it"));
}

TEST(NetworkSlow, LetsTheTwinGoToAPortThatRefuses) {
  const net::TestServer server([](int, sys::Patience&) {});
  json::object asked = params(static_cast<std::uint16_t>(server.port()), "50 ms", "tcp");
  asked["bypass_host"] = "127.0.0.1";
  asked["bypass_port"] = net::unused_port();
  EXPECT_TRUE(scenes::stays_off(*open(asked), 5));
}

TEST(NetworkSlow, CannotSeeWhereNobodyAnswers) {
  const auto refused = scenes::open(
      "network.slow", params(static_cast<std::uint16_t>(net::unused_port()), "50 ms", "tcp"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_THAT(refused.error().next, HasSubstr("something listens"));
  UdpEcho echo;
  const auto witness = open(params(echo.port(), "50 ms"));
  echo.ignore(1, 1);
  EXPECT_EQ(witness->look().error().code, Code::timed_out) << "silence is neither on nor off";
}

TEST(NetworkSlow, RefusesAnEndpointThatIsTooUnevenByItself) {
  UdpEcho echo;
  std::jthread unrest([&echo](const std::stop_token& stop) {
    sys::run_promptly();
    for (bool is_late = false; !stop.stop_requested(); is_late = !is_late) {
      echo.delay(is_late ? milliseconds(40) : Duration{});
      sys::sleep_until(sys::monotonic_now() + milliseconds(20), stop);
    }
  });
  const auto opened = scenes::open("network.slow", params(echo.port(), "5 ms"));
  ASSERT_FALSE(opened.ok());
  EXPECT_THAT(opened.error().message, HasSubstr("by themselves"));
}

}  // namespace
}  // namespace squall::witness
