// The messages are real: published by the test's own hands to a NATS server of
// its own.
#include <thread>

#include "net/test_services.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class NatsFed : public testing::Test {
 protected:
  void SetUp() override {
    if (!net::is_installed("nats-server")) GTEST_SKIP() << "there is no nats-server";
    nats_.emplace();
  }
  std::unique_ptr<Witness> open(std::string_view rate) const {
    return scenes::open("nats.fed",
                        {{"port", nats_->port()}, {"subject", "jobs.new"}, {"rate", rate}})
        .value();
  }
  std::jthread publish(double rate, std::string subject) const {
    return std::jthread([=, this](const std::stop_token& stop) {
      sys::Patience patience(minutes(1), stop);
      net::Connection connection =
          net::Connection::open({.host = "127.0.0.1", .port = nats_->port()}, patience).value();
      EXPECT_TRUE(connection.write_all("CONNECT {\"verbose\":false}\r\n", patience).ok());
      const Duration start = sys::monotonic_now();
      for (int i = 1; !stop.stop_requested(); ++i) {
        static_cast<void>(
            connection.write_all(fmt::format("PUB {} 2\r\nhi\r\n", subject), patience).ok());
        sys::sleep_until(start + seconds(i).scaled(1 / rate), stop);
      }
    });
  }
  std::optional<net::TestNats> nats_;
};

TEST_F(NatsFed, SeesMessagesAndTheirEnd) {
  const auto witness = open("200 /s");
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  {
    const std::jthread publishing = publish(200, "jobs.new");
    EXPECT_TRUE(scenes::see(*witness, true).has_value());
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(NatsFed, SeesNothingOnOtherSubjects) {
  const auto witness = open("100 /s");
  const std::jthread publishing = publish(400, "jobs.done");
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(500)).has_value());
}

TEST_F(NatsFed, SeesNothingWhenTooFewCome) {
  const auto witness = open("2000 /s");
  const std::jthread publishing = publish(200, "jobs.new");
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(500)).has_value());
}

TEST_F(NatsFed, SaysThatTheLoginIsWrong) {
  const net::TestNats strict({"--auth", "key"});
  const auto witness =
      scenes::open("nats.fed", {{"port", strict.port()}, {"subject", "a"}, {"rate", "10 /s"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::refused);
}

}  // namespace
}  // namespace squall::witness
