// Proxies that carry real connections. One test thread holds both ends.
#include <thread>

#include "core/digest.h"
#include "proxy/proxy_rig_test.h"
#include "sys/file.h"

namespace squall::proxy {
namespace {

using ProxyTest = ProxyRig;

TEST_F(ProxyTest, CarriesBothWays) {
  const Ends ends = open();
  send_text(ends.client, "question");
  EXPECT_EQ(receive(ends.server, 8), "question");
  send_text(ends.server, "answer");
  EXPECT_EQ(receive(ends.client, 6), "answer");
}

TEST_F(ProxyTest, CarriesWhatTheServerSaysFirst) {
  const Ends ends = open();
  send_text(ends.server, "hello");
  EXPECT_EQ(receive(ends.client, 5), "hello");
}

TEST_F(ProxyTest, LeavesTheOtherDirectionOpenWhenOneEnds) {
  Ends ends = open();
  send_text(ends.client, "all");
  ::shutdown(ends.client.get(), SHUT_WR);
  EXPECT_EQ(receive(ends.server, 3), "all");
  EXPECT_EQ(ending(ends.server), "end");
  send_text(ends.server, "late");
  ends.server.reset();
  EXPECT_EQ(receive(ends.client, 4), "late");
  EXPECT_EQ(ending(ends.client), "end");
}

TEST_F(ProxyTest, PassesAResetOn) {
  Ends ends = open();
  send_text(ends.client, "x");
  EXPECT_EQ(receive(ends.server, 1), "x");
  const linger at_once{1, 0};
  ::setsockopt(ends.server.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ends.server.reset();
  EXPECT_EQ(ending(ends.client), "reset");
}

TEST_F(ProxyTest, ClosesAClientWhoseServerIsDown) {
  Proxy lost({.name = "lost",
              .listen = "127.0.0.1:0",
              .upstream = "127.0.0.1:" + std::to_string(net::unused_port())},
             7, *loops_);
  ASSERT_TRUE(lost.start().ok());
  EXPECT_EQ(ending(connect_to(lost.spec().listen)), "end");
}

TEST_F(ProxyTest, LooksTheNameOfTheServerUp) {
  Proxy named({.name = "named",
               .listen = "localhost:0",
               .upstream = "localhost:" + split(upstream_.place(), ':').back()},
              7, *loops_);
  ASSERT_TRUE(named.start().ok());
  EXPECT_TRUE(named.spec().listen.starts_with("127.0.0.1:")) << named.spec().listen;
  const sys::Fd client = connect_to(named.spec().listen);
  const sys::Fd server = upstream_.accept();
  send_text(client, "by name");
  EXPECT_EQ(receive(server, 7), "by name");
}

TEST_F(ProxyTest, LosesNothingOfABulk) {
  const Ends ends = open();
  std::string bulk(24 << 20, '\0');
  for (std::size_t i = 0; i < bulk.size(); ++i) bulk[i] = static_cast<char>(i * i >> 7);
  const std::jthread writer([&] {
    for (std::size_t sent = 0; sent < bulk.size();) {
      const ssize_t wrote = ::send(ends.server.get(), bulk.data() + sent, bulk.size() - sent, 0);
      if (wrote <= 0) return;
      sent += static_cast<std::size_t>(wrote);
    }
    ::shutdown(ends.server.get(), SHUT_WR);
  });
  EXPECT_TRUE(receive(ends.client, bulk.size()) == bulk);
  EXPECT_EQ(ending(ends.client), "end");
}

TEST_F(ProxyTest, BuffersNoMoreThanItsRoomForAReaderThatDoesNotRead) {
  for (const std::string_view toxic : {"", "bandwidth"}) {
    if (!toxic.empty()) add(toxic, {{"rate", 0}});
    const Ends ends = open();
    const int small = 64 << 10;
    ::setsockopt(ends.server.get(), SOL_SOCKET, SO_SNDBUF, &small, sizeof small);
    const std::string piece(64 << 10, 'x');
    std::size_t taken = 0;
    while (taken < (64 << 20) && becomes_ready(ends.server, POLLOUT, 300)) {
      const ssize_t wrote = ::send(ends.server.get(), piece.data(), piece.size(), MSG_DONTWAIT);
      if (wrote > 0) taken += static_cast<std::size_t>(wrote);
    }
    EXPECT_LT(taken, 64 << 20) << "the proxy takes everything: " << toxic;
  }
}

TEST_F(ProxyTest, ADisabledOneRefusesAndDropsAndComesBackAtItsPlace) {
  const Ends ends = open();
  const std::string place = proxy_.spec().listen;
  proxy_.stop();
  EXPECT_EQ(ending(ends.client), "end");
  EXPECT_EQ(ending(ends.server), "end");
  EXPECT_FALSE(connect_to(place).valid());
  ASSERT_TRUE(proxy_.start().ok());
  EXPECT_EQ(proxy_.spec().listen, place);
  const Ends again = open();
  send_text(again.client, "x");
  EXPECT_EQ(receive(again.server, 1), "x");
}

TEST_F(ProxyTest, APeerThatIsGoneFreesTheOtherThoughItsDataIsHeld) {
  add("bandwidth", {{"rate", 0}}, Stream::upstream);
  Ends ends = open();
  const std::string text(256 << 10, 'x');
  ::send(ends.client.get(), text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  EXPECT_TRUE(is_silent(ends.server));
  const linger at_once{1, 0};
  ::setsockopt(ends.client.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  ends.client.reset();
  EXPECT_EQ(ending(ends.server), "reset");
}

TEST_F(ProxyTest, CannotBeItsOwnServer) {
  const std::string place = "127.0.0.1:" + std::to_string(net::unused_port());
  Proxy circle({.name = "circle", .listen = place, .upstream = place}, 7, *loops_);
  EXPECT_FALSE(circle.start().ok());
}

TEST_F(ProxyTest, SaysThatAPlaceIsTaken) {
  Proxy second({.name = "second", .listen = proxy_.spec().listen, .upstream = upstream_.place()}, 7,
               *loops_);
  const Status started = second.start();
  ASSERT_FALSE(started.ok());
  EXPECT_NE(started.error().message.find("bind: address already in use"), std::string::npos);
}

TEST_F(ProxyTest, GoesToAnotherServerWhenItIsUpdated) {
  const Ends ends = open();
  const Upstream other;
  ASSERT_TRUE(
      proxy_.update({.name = "db", .listen = proxy_.spec().listen, .upstream = other.place()})
          .ok());
  EXPECT_EQ(ending(ends.client), "end");
  const sys::Fd client = connect_to(proxy_.spec().listen);
  const sys::Fd server = other.accept();
  send_text(client, "moved");
  EXPECT_EQ(receive(server, 5), "moved");
}

TEST_F(ProxyTest, LatencyReachesALiveConnectionInItsDirectionOnly) {
  const Ends ends = open();
  send_text(ends.client, "x");
  EXPECT_EQ(receive(ends.server, 1), "x");
  add("latency", {{"latency", 60}});
  const Duration start = sys::monotonic_now();
  send_text(ends.server, "y");
  EXPECT_EQ(receive(ends.client, 1), "y");
  EXPECT_GE((sys::monotonic_now() - start).milliseconds(), 60);
}

TEST_F(ProxyTest, RemovingAToxicReleasesWhatItHeldInOrder) {
  const auto latency = add("latency", {{"latency", 3'600'000}});
  const Ends ends = open();
  send_text(ends.server, "held ");
  EXPECT_TRUE(is_silent(ends.client));
  send_text(ends.server, "back");
  proxy_.remove_toxic(latency->id);
  EXPECT_EQ(receive(ends.client, 9), "held back");
}

TEST_F(ProxyTest, BandwidthZeroStallsUntilItIsChanged) {
  const auto stall = add("bandwidth", {{"rate", 0}}, Stream::upstream);
  const Ends ends = open();
  send_text(ends.client, "cut");
  EXPECT_TRUE(is_silent(ends.server));
  change(*stall, {{"rate", 1000}});
  EXPECT_EQ(receive(ends.server, 3), "cut");
}

TEST_F(ProxyTest, BandwidthTakesItsTime) {
  add("bandwidth", {{"rate", 100}});
  const Ends ends = open();
  const Duration start = sys::monotonic_now();
  send_text(ends.server, std::string(20'000, 'x'));
  EXPECT_EQ(receive(ends.client, 20'000).size(), 20'000u);
  EXPECT_GE((sys::monotonic_now() - start).milliseconds(), 199);
}

TEST_F(ProxyTest, SlowCloseDelaysTheEndAndNoData) {
  const auto slow = add("slow_close", {{"delay", 3'600'000}});
  Ends ends = open();
  send_text(ends.server, "data");
  ends.server.reset();
  EXPECT_EQ(receive(ends.client, 4), "data");
  EXPECT_TRUE(is_silent(ends.client));
  change(*slow, {{"delay", 1}});
  EXPECT_EQ(ending(ends.client), "end");
}

TEST_F(ProxyTest, TimeoutSwallowsAndCloses) {
  const Ends ends = open();
  add("timeout", {{"timeout", 30}});
  send_text(ends.server, "lost");
  EXPECT_EQ(ending(ends.client), "end");
  EXPECT_EQ(ending(ends.server), "end");
}

TEST_F(ProxyTest, TimeoutZeroIsDeafUntilItsRemovalCloses) {
  const Ends ends = open();
  const Ends idle = open();
  const auto deaf = add("timeout", {{"timeout", 0}});
  send_text(ends.server, "lost");
  EXPECT_TRUE(is_silent(ends.client));
  proxy_.remove_toxic(deaf->id);
  EXPECT_EQ(ending(ends.client), "end");
  EXPECT_EQ(ending(idle.client), "end");
}

TEST_F(ProxyTest, ResetPeerResetsConnectionsThatAreOlderThanIt) {
  const Ends ends = open();
  add("reset_peer", {{"timeout", 10}});
  EXPECT_TRUE(is_silent(ends.client));
  send_text(ends.server, "x");
  EXPECT_EQ(ending(ends.client), "reset");
  EXPECT_EQ(ending(ends.server), "reset");
}

TEST_F(ProxyTest, LimitDataClosesAfterItsBytesAndCountsThroughAChange) {
  const auto limit = add("limit_data", {{"bytes", 10}});
  const Ends ends = open();
  send_text(ends.server, "1234");
  EXPECT_EQ(receive(ends.client, 4), "1234");
  change(*limit, {{"bytes", 6}});
  send_text(ends.server, "56789");
  EXPECT_EQ(receive(ends.client, 2), "56");
  EXPECT_NE(ending(ends.client), "data");
}

TEST_F(ProxyTest, SlicerCutsAMessageToPieces) {
  add("slicer", {{"average_size", 4}, {"delay", 20'000}});
  const Ends ends = open();
  send_text(ends.server, "0123456789");
  EXPECT_EQ(receive(ends.client, 4), "0123");
  EXPECT_EQ(receive(ends.client, 6), "456789");
}

TEST_F(ProxyTest, ToxicsWorkTogether) {
  add("latency", {{"latency", 20}});
  add("slicer", {{"average_size", 1}});
  add("limit_data", {{"bytes", 5}});
  add("noop", {});
  const Ends ends = open();
  send_text(ends.server, "abcdefgh");
  EXPECT_EQ(receive(ends.client, 8), "abcde");
}

TEST_F(ProxyTest, ConnectionsTornAtRandomLeaveNoDescriptor) {
  const auto descriptors = [] { return sys::list_folder("/proc/self/fd").value().size(); };
  static constexpr std::string_view kinds[] = {"latency", "bandwidth",  "slow_close",
                                               "timeout", "reset_peer", "limit_data"};
  const Choices choices(5, "torn");
  const std::size_t before = descriptors();
  const std::string text(2000, 'x');
  std::uint64_t draws = 0;
  const auto pick = [&](std::uint64_t of, std::string_view what) {
    return choices.below(of, "", what, draws++);
  };
  for (int round = 0; round < 60; ++round) {
    std::vector<Ends> all;
    for (int i = 0; i < 8; ++i) all.push_back(open());
    const auto toxic =
        add(kinds[pick(6, "kind")], {{"latency", 5}, {"rate", 1}, {"delay", 5}, {"timeout", 3}},
            static_cast<Stream>(pick(2, "stream")));
    for (Ends& ends : all) {
      ::send(ends.client.get(), text.data(), text.size(), MSG_NOSIGNAL);
      ::send(ends.server.get(), text.data(), text.size(), MSG_NOSIGNAL);
      sys::Fd& torn = pick(2, "side") == 0 ? ends.client : ends.server;
      const linger at_once{pick(2, "reset") == 0 ? 1 : 0, 0};
      ::setsockopt(torn.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
      torn.reset();
    }
    proxy_.remove_toxic(toxic->id);
  }
  proxy_.stop();
  // Pipes that are kept for the next bulk are none of a connection; here is no bulk.
  EXPECT_EQ(descriptors(), before - 1) << "the listener is closed as well";
}

TEST_F(ProxyTest, ManyConnectionsComeAndGoWhileToxicsChange) {
  for (int round = 0; round < 20; ++round) {
    const auto toxic = add("latency", {{"latency", 1}});
    std::vector<Ends> all;
    for (int i = 0; i < 20; ++i) all.push_back(open());
    for (const Ends& ends : all) send_text(ends.server, "ping");
    proxy_.remove_toxic(toxic->id);
    for (const Ends& ends : all) EXPECT_EQ(receive(ends.client, 4), "ping");
  }
}

}  // namespace
}  // namespace squall::proxy
