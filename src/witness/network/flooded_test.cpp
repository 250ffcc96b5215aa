// The floods are real: a thread of the test sends small pieces over connections of its own to a
// server of its own on loopback.
#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <netinet/tcp.h>

#include "net/test_server.h"
#include "witness/scenes_test.h"
#include "witness/tcp_arrivals.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

// Sends `rate` pieces a second to the port, on one connection or on one each, until told to stop.
class Sender {
 public:
  Sender(int port, double rate, bool is_one_each = false)
      : thread_([=](const std::stop_token& stop) { run(port, rate, is_one_each, stop); }) {}

 private:
  static sys::Fd connected(int port) {
    sys::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    EXPECT_EQ(::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const int on = 1;
    ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    return fd;
  }
  static void run(int port, double rate, bool is_one_each, const std::stop_token& stop) {
    sys::Fd fd = connected(port);
    const Duration start = sys::monotonic_now();
    for (int i = 1; !stop.stop_requested(); ++i) {
      if (is_one_each) fd = connected(port);
      EXPECT_EQ(::send(fd.get(), "x", 1, MSG_NOSIGNAL), 1);
      sys::sleep_until(start + seconds(i).scaled(1 / rate), stop);
    }
  }
  std::jthread thread_;
};

// Takes every connection and reads what comes, until its test is over.
class Sink {
 public:
  Sink()
      : server_([this](int fd, sys::Patience& patience) {
          char bytes[4096];
          while (!is_over_ && patience.wait_for(fd, POLLIN) == sys::Patience::End::ready &&
                 ::recv(fd, bytes, sizeof bytes, 0) > 0) {
          }
        }) {}
  ~Sink() { is_over_ = true; }
  int port() const { return server_.port(); }

 private:
  std::atomic<bool> is_over_ = false;
  net::TestServer server_;
};

std::unique_ptr<Witness> open(int port, std::string_view rate) {
  return scenes::open("network.flooded", {{"port", port}, {"rate", rate}}).value();
}

TEST(NetworkFlooded, SeesAFloodItsDoseAndItsEnd) {
  const Sink sink;
  const auto witness = open(sink.port(), "400 /s");
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  {
    const Sender sender(sink.port(), 400);
    ASSERT_TRUE(scenes::see(*witness, true).has_value());
    double highest = 0;
    const Duration end = sys::monotonic_now() + milliseconds(400);
    while (sys::monotonic_now() < end) highest = std::max(highest, witness->look().value().dose);
    EXPECT_NEAR(highest, 400, 100);
  }
  const auto off = scenes::see(*witness, false);
  ASSERT_TRUE(off.has_value());
  EXPECT_THAT(off->detail, HasSubstr("segments a second arrive"));
}

TEST(NetworkFlooded, SeesAFloodOfConnectionsThatLiveForOneRequest) {
  const net::TestServer closing([](int fd, sys::Patience&) { ::recv(fd, nullptr, 0, 0); });
  const auto witness = open(closing.port(), "200 /s");
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  const Sender sender(closing.port(), 200, true);
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST(NetworkFlooded, SeesNothingWhenAnotherPortIsFlooded) {
  const Sink sink;
  const Sink other;
  const auto witness = open(sink.port(), "100 /s");
  const Sender sender(other.port(), 400);
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(600)).has_value());
}

TEST(NetworkFlooded, SeesNothingWhenTooLittleArrives) {
  const Sink sink;
  const auto witness = open(sink.port(), "1000 /s");
  const Sender sender(sink.port(), 200);
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(600)).has_value());
}

TEST(NetworkFlooded, TakesOffWhatArrivedBefore) {
  const Sink sink;
  const Sink second;
  const Sender usual(sink.port(), 300);
  const auto witness = open(sink.port(), "300 /s");
  EXPECT_FALSE(scenes::see(*witness, true, milliseconds(400)).has_value());
}

TEST(NetworkFlooded, RefusesANamespaceThatIsNotThere) {
  const auto witness = scenes::open(
      "network.flooded", {{"port", 80}, {"rate", "10 /s"}, {"namespace", "/run/netns/none-here"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

TEST(TcpArrivals, SeesAServiceElsewhereByWhatItsHostAcknowledges) {
  const Sink sink;
  // Nobody listens on the port of the other side, so it is told by the sockets that talk to it.
  TcpArrivals arrivals = TcpArrivals::open(net::unused_port(), "").value();
  EXPECT_FALSE(arrivals.is_local());
  EXPECT_EQ(arrivals.count().value(), 0U);
  EXPECT_TRUE(TcpArrivals::open(sink.port(), "").value().is_local());
}

TEST(TcpArrivals, ReadsTheKernelsTable) {
  const std::string text =
      "Ip: Forwarding\nIp: 1\nTcp: RtoAlgorithm ActiveOpens PassiveOpens\nTcp: 1 23 45\n";
  EXPECT_EQ(tcp_counter(text, "PassiveOpens").value(), 45U);
  EXPECT_EQ(tcp_counter(text, "Missing").error().code, Code::unsupported);
  EXPECT_EQ(tcp_counter("", "PassiveOpens").error().code, Code::unsupported);
}

}  // namespace
}  // namespace squall::witness
