#include <csignal>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/wait.h>

#include "change/holder.h"
#include "change/targets_test.h"
#include "sys/nft.h"
#include "sys/private_network_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

constexpr std::uint16_t port = 7000;

const Kind& kind() {
  return *find(catalogue(), "packet.queue");
}
json::object params_with(json::object treatment, const std::string& place = "") {
  return {{"name", "squall_test"},
          {"namespace", place},
          {"rules", json::array{{{"local_port", port}, {"protocol", "udp"}}}},
          {"treatment", std::move(treatment)}};
}

TEST(PacketQueue, TellsTheGateWhatItDisturbsAndTakes) {
  const Footprint touched = kind().footprint(params_with({{"delay", "1 s"}})).value();
  ASSERT_EQ(touched.cuts.size(), 1U);
  EXPECT_EQ(touched.cuts[0].local_port, port);
  EXPECT_EQ(touched.cuts[0].protocol, "udp");
  EXPECT_GT(touched.demand.memory.count, 100U << 20) << "of all that may wait";
}

TEST(PacketQueue, RefusesWhatNobodyCouldMean) {
  for (const json::object& treatment :
       {json::object{{"delay", "2 min"}}, json::object{{"jitter", "5 ms"}},
        json::object{{"loss", "101 %"}}, json::object{{"drop_every", -1}},
        json::object{{"loss", "90 %"}, {"burst", 2.0}}, json::object{{"unknown", 1}}}) {
    EXPECT_FALSE(kind().footprint(params_with(treatment)).ok()) << canonical_json(treatment);
  }
  json::object params = params_with({{"delay", "1 ms"}});
  params["name"] = "filter";
  EXPECT_FALSE(kind().footprint(params).ok()) << "the table of somebody else";
  params = params_with({{"delay", "1 ms"}});
  params["rules"].as_array().front().as_object()["action"] = "drop";
  EXPECT_FALSE(kind().footprint(params).ok()) << "rules that queue have no action";
}

TEST(PacketQueue, SaysWhatItDoes) {
  EXPECT_EQ(kind().describe(params_with({{"loss", "5 %"}, {"burst", 4.0}}, "/run/netns/blue")),
            "in the network namespace /run/netns/blue: queue udp in and out, local port 7000, and "
            "lose 5 % in bursts of 4 on average");
}

class PacketQueueHolder : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    owner_ = std::make_unique<Sleeper>(Sleeper::Setting{.has_own_network = true});
    network_ = std::make_unique<sys::PrivateNetwork>(sys::PrivateNetwork::OfProcess{owner_->pid()});
    server_ = network_->bound(AF_INET, SOCK_DGRAM, port);
    client_ = network_->connected(AF_INET, SOCK_DGRAM, port);
  }
  Holder start(json::object treatment) {
    params_ = params_with(std::move(treatment), fmt::format("/proc/{}/ns/net", owner_->pid()));
    before_ = kind().capture(params_).value();
    return Holder::start(kind(), params_, before_, seconds(2)).value();
  }
  void send(int count) const {
    for (int i = 0; i < count; ++i) EXPECT_EQ(::send(client_.get(), "x", 1, 0), 1);
  }
  // How many arrive until nothing does for so long.
  int arriving(int quiet_milliseconds) const {
    int count = 0;
    char letter = 0;
    pollfd entry{server_.get(), POLLIN, 0};
    while (::poll(&entry, 1, quiet_milliseconds) == 1) {
      count += static_cast<int>(::recv(server_.get(), &letter, 1, 0));
    }
    return count;
  }

  std::unique_ptr<Sleeper> owner_;
  std::unique_ptr<sys::PrivateNetwork> network_;
  sys::Fd server_;
  sys::Fd client_;
  json::object params_;
  json::object before_;
};

TEST_F(PacketQueueHolder, LetsGoOfWhatWaitsAndAccountsForIt) {
  Holder holder = start({{"delay", "30 s"}});
  send(20);
  EXPECT_EQ(arriving(30), 0);
  holder.release(seconds(2));
  EXPECT_EQ(arriving(30), 20);
  EXPECT_THAT(holder.last_words(), HasSubstr("20 packets, 20 delayed"));
}

TEST_F(PacketQueueHolder, LeavesTheTrafficHealthyWhenKilledUnderIt) {
  Holder holder = start({{"delay", "30 s"}});
  send(20);
  ::kill(static_cast<pid_t>(holder.id().pid), SIGKILL);
  holder.release(seconds(2));
  send(20);
  EXPECT_EQ(arriving(50), 20) << "those that waited are lost, and all later ones arrive";
}

TEST_F(PacketQueueHolder, IsMissedWhenItStandsStill) {
  Holder holder = start({{"delay", "1 ms"}});
  const auto pid = static_cast<pid_t>(holder.id().pid);
  ::kill(pid, SIGSTOP);
  ASSERT_EQ(::waitpid(pid, nullptr, WUNTRACED), pid);
  EXPECT_TRUE(holder.check());
  const Duration last = holder.last_heartbeat();
  send(1024);
  EXPECT_EQ(arriving(30), 0) << "the queue has room for so many";
  send(20);
  EXPECT_EQ(arriving(30), 20) << "and nobody waits beyond that";
  EXPECT_TRUE(holder.check());
  EXPECT_EQ(holder.last_heartbeat(), last) << "by which the guardian knows that it hangs";
  holder.release({});
  send(20);
  EXPECT_EQ(arriving(30), 20);
}

}  // namespace
}  // namespace squall::change
