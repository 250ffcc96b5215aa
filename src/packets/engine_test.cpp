// The traffic is real, in a network namespace of each test's own.
#include "packets/engine.h"

#include <algorithm>
#include <csignal>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "sys/clock.h"
#include "sys/private_network_test.h"

namespace squall::packets {
namespace {

using sys::NftDirection;
using sys::NftProtocol;

constexpr std::uint16_t port = 7000;
const std::string table = "squall_packets";

class PacketEngine : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "network namespaces need root";
    network_ = std::make_unique<sys::PrivateNetwork>();
    server_ = network_->bound(AF_INET, SOCK_DGRAM, port);
    const int room = 8 << 20;
    ::setsockopt(server_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    client_ = network_->connected(AF_INET, SOCK_DGRAM, port);
  }
  Engine::Options options(const Treatment& treatment, NftDirection direction = NftDirection::in,
                          std::uint64_t seed = 1) const {
    return {.table = table,
            .rules = {{.direction = direction, .protocol = NftProtocol::udp}},
            .treatment = treatment,
            .choices = Choices(seed, "fault"),
            .netns_fd = network_->fd()};
  }
  std::unique_ptr<Engine> start(const Treatment& treatment,
                                NftDirection direction = NftDirection::in,
                                std::uint64_t seed = 1) const {
    return Engine::start(options(treatment, direction, seed)).value();
  }
  void send(int number) const {
    EXPECT_EQ(::send(client_.get(), &number, sizeof number, 0), sizeof number);
  }
  // The number that arrives next; -1 when none does within the limit.
  int receive(Duration limit = milliseconds(300)) const {
    pollfd entry{server_.get(), POLLIN, 0};
    int number = -1;
    if (::poll(&entry, 1, limit.poll_milliseconds()) != 1) return -1;
    return ::recv(server_.get(), &number, sizeof number, 0) == sizeof number ? number : -1;
  }
  std::vector<int> receive_all(Duration quiet = milliseconds(100)) const {
    std::vector<int> numbers;
    for (int number = receive(quiet); number >= 0; number = receive(quiet)) {
      numbers.push_back(number);
    }
    return numbers;
  }
  // The way of one datagram, in milliseconds.
  double way() const {
    const Duration begun = sys::monotonic_now();
    send(1);
    EXPECT_EQ(receive(seconds(2)), 1);
    return (sys::monotonic_now() - begun).milliseconds();
  }
  bool has_table() const { return sys::nft_table_state(table, network_->fd()).value().exists; }

  std::unique_ptr<sys::PrivateNetwork> network_;
  sys::Fd server_;
  sys::Fd client_;
};

TEST_F(PacketEngine, LetsPacketsWaitInEitherDirectionOnce) {
  for (const NftDirection direction : {NftDirection::in, NftDirection::out, NftDirection::both}) {
    const auto engine = start({.delay = milliseconds(40)}, direction);
    for (int i = 0; i < 5; ++i) {
      const double took = way();
      EXPECT_GE(took, 40) << static_cast<int>(direction);
      EXPECT_LT(took, 70) << static_cast<int>(direction);
    }
    EXPECT_EQ(engine->stop().delayed, 5U);
    EXPECT_FALSE(has_table());
  }
  EXPECT_LT(way(), 20);
}

TEST_F(PacketEngine, LetsPacketsOfIpv6WaitToo) {
  server_ = network_->bound(AF_INET6, SOCK_DGRAM, port);
  client_ = network_->connected(AF_INET6, SOCK_DGRAM, port);
  for (const NftDirection direction : {NftDirection::in, NftDirection::out}) {
    const auto engine = start({.delay = milliseconds(40)}, direction);
    EXPECT_GE(way(), 40);
    EXPECT_EQ(engine->stop().unsent, 0U);
  }
}

TEST_F(PacketEngine, TreatsOnlyWhatTheRuleMeans) {
  Engine::Options asked = options({.delay = milliseconds(200)});
  asked.rules = {{.protocol = NftProtocol::udp, .local_port = port + 1}};
  const auto engine = Engine::start(std::move(asked)).value();
  EXPECT_LT(way(), 100);
  EXPECT_EQ(engine->stop().packets, 0U);
}

TEST_F(PacketEngine, LosesTheSamePacketsWithTheSameSeed) {
  const auto arrived = [&](std::uint64_t seed, NftDirection direction) {
    const auto engine = start({.loss = {0.2}, .burst = 3}, direction, seed);
    for (int i = 0; i < 500; ++i) send(i);
    return receive_all();
  };
  const std::vector<int> first = arrived(1, NftDirection::in);
  EXPECT_NEAR(static_cast<double>(first.size()), 400, 60);
  EXPECT_EQ(arrived(1, NftDirection::in), first);
  EXPECT_NE(arrived(2, NftDirection::in), first);
  const std::vector<int> leaving = arrived(1, NftDirection::out);
  EXPECT_EQ(arrived(1, NftDirection::out), leaving);
}

TEST_F(PacketEngine, SendsPacketsTwice) {
  for (const NftDirection direction : {NftDirection::in, NftDirection::out}) {
    const auto engine = start({.duplicate = {1}}, direction);
    for (int i = 0; i < 20; ++i) send(i);
    const std::vector<int> all = receive_all();
    EXPECT_EQ(all.size(), 40U);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(std::count(all.begin(), all.end(), i), 2) << i;
    EXPECT_EQ(engine->stop().duplicated, 20U);
  }
}

TEST_F(PacketEngine, CorruptsSoThatTheKernelOrTheApplicationMeetsIt) {
  {
    const auto engine = start({.corrupt = {1}});
    for (int i = 0; i < 50; ++i) send(i);
    // A bit of the ports sends it elsewhere; any other is found by the checksum.
    EXPECT_THAT(receive_all(), testing::IsEmpty());
    EXPECT_EQ(engine->stop().corrupted, 50U);
  }
  const auto engine = start({.corrupt = {1}, .repairs_checksum = true});
  for (int i = 0; i < 50; ++i) send(0);
  const std::vector<int> all = receive_all();
  int wrong = 0;
  for (const int number : all) {
    EXPECT_EQ(__builtin_popcount(static_cast<unsigned>(number)), 1);
    wrong += number == 0 ? 0 : 1;
  }
  // A datagram with the sign bit turned over reads as "none" and ends the list.
  EXPECT_EQ(wrong, static_cast<int>(all.size()));
  EXPECT_GT(wrong, 0);
}

TEST_F(PacketEngine, LetsLaterPacketsOvertake) {
  const auto engine = start({.held_back = {0.2}, .gap = 1});
  for (int i = 0; i < 200; ++i) send(i);
  const std::vector<int> all = receive_all();
  ASSERT_EQ(all.size(), 200U);
  EXPECT_FALSE(std::is_sorted(all.begin(), all.end()));
  EXPECT_NEAR(static_cast<double>(engine->stop().held_back), 40, 20);
}

TEST_F(PacketEngine, LetsGoOfEverythingWhenItStops) {
  for (const NftDirection direction : {NftDirection::in, NftDirection::out}) {
    const auto engine = start({.delay = seconds(30)}, direction);
    for (int i = 0; i < 100; ++i) send(i);
    EXPECT_EQ(receive(milliseconds(50)), -1);
    const Account account = engine->stop();
    EXPECT_EQ(account.packets, 100U);
    EXPECT_EQ(receive_all().size(), 100U);
    EXPECT_THAT(describe(account), testing::StartsWith("100 packets, 100 delayed"));
  }
}

TEST_F(PacketEngine, TakesAnotherNumberWhenOneIsTaken) {
  const auto first = start({.delay = milliseconds(30)});
  Engine::Options asked = options({.delay = milliseconds(30)});
  asked.table = "squall_second";
  const auto second = Engine::start(std::move(asked)).value();
  EXPECT_NE(first->queue_number(), second->queue_number());
  EXPECT_GE(way(), 60) << "each of them lets it wait";
}

TEST_F(PacketEngine, RefusesATableThatIsThereAlready) {
  const auto first = start({.delay = milliseconds(1)});
  EXPECT_EQ(Engine::start(options({.delay = milliseconds(1)})).error().code, Code::conflict);
}

// An engine in a process of its own, to be killed or stopped.
class PacketEngineDeath : public PacketEngine {
 protected:
  void TearDown() override {
    if (child_ == 0) return;
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
  }
  void start_child(const Treatment& treatment) {
    int ready[2] = {-1, -1};
    ASSERT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    child_ = ::fork();
    if (child_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const auto engine = start(treatment);
      CHECK(::write(ready[1], "r", 1) == 1, "the test reads");
      while (true) ::pause();
    }
    ::close(ready[1]);
    char letter = 0;
    ASSERT_EQ(::read(ready[0], &letter, 1), 1);
    ::close(ready[0]);
  }

  pid_t child_ = 0;
};

TEST_F(PacketEngineDeath, LeavesTheTrafficHealthyWhenItIsKilled) {
  for (const Treatment& treatment : {Treatment{.delay = seconds(2)}, Treatment{.loss = {1}}}) {
    start_child(treatment);
    for (int i = 0; i < 100; ++i) send(i);
    EXPECT_EQ(receive(milliseconds(30)), -1);
    ::kill(child_, SIGKILL);
    ::waitpid(child_, nullptr, 0);
    child_ = 0;
    EXPECT_FALSE(has_table());
    EXPECT_LT(way(), 50);
  }
}

TEST_F(PacketEngineDeath, LetsPacketsPassWhenItStandsStill) {
  start_child({.delay = milliseconds(1)});
  ::kill(child_, SIGSTOP);
  ASSERT_EQ(::waitpid(child_, nullptr, WUNTRACED), child_) << "all of its threads have stopped";
  constexpr int room = 1024;  // the least there is
  for (int i = 0; i < room; ++i) send(0);
  EXPECT_EQ(receive(milliseconds(30)), -1) << "the first ones wait";
  EXPECT_LT(way(), 50) << "the next ones pass";
}

}  // namespace
}  // namespace squall::packets
