// The packet engine: how much goes through it, and how exactly it does what it is asked to.
//
// The traffic is real, on the loopback of a network namespace of the bench's own, and is told by
// who receives it: datagrams carry their number and the time at which they were sent. The engine,
// the sender and the receiver share the host's cores.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <map>
#include <thread>

#include <fmt/core.h>
#include <poll.h>

#include "measure.h"
#include "packets/engine.h"
#include "sys/clock.h"
#include "sys/private_network_test.h"

namespace squall::bench {
namespace {

using packets::Engine;
using packets::Treatment;

constexpr std::uint16_t port = 7000;
constexpr Duration quiet = milliseconds(300);

struct Datagram {
  std::int64_t number = 0;
  std::int64_t sent_ns = 0;
};
struct Arrival {
  Datagram datagram;
  Duration at;
};

class Line {
 public:
  Line() : server_(network_.bound(AF_INET, SOCK_DGRAM, port)) {
    const int room = 64 << 20;
    ::setsockopt(server_.get(), SOL_SOCKET, SO_RCVBUFFORCE, &room, sizeof room);
    client_ = network_.connected(AF_INET, SOCK_DGRAM, port);
  }
  const sys::PrivateNetwork& network() const { return network_; }
  std::unique_ptr<Engine> engine(const Treatment& treatment, std::uint64_t seed = 1) const {
    return Engine::start({.table = "squall_bench",
                          .rules = {{.direction = sys::NftDirection::in}},
                          .treatment = treatment,
                          .choices = Choices(seed, "bench"),
                          .netns_fd = network_.fd()})
        .value();
  }
  // `count` datagrams, a tick's worth every millisecond; as fast as it goes without a rate. What
  // arrived, until nothing does for a while.
  struct Load {
    std::int64_t count = 0;
    double per_second = 0;
    std::size_t size = 64;
  };
  std::vector<Arrival> carry(const Load& load) const {
    std::vector<Arrival> arrivals;
    arrivals.reserve(static_cast<std::size_t>(load.count));
    std::jthread receiver([&] {
      sys::run_promptly();
      receive(arrivals);
    });
    send(load);
    receiver.join();
    return arrivals;
  }

 private:
  void send(const Load& load) const {
    sys::use_precise_timers();
    sys::run_promptly();
    std::array<char, 1500> bytes{};
    const Duration start = sys::monotonic_now();
    for (std::int64_t i = 0; i < load.count; ++i) {
      if (load.per_second > 0) {
        const double due = std::floor(static_cast<double>(i) / load.per_second * 1000) / 1000;
        sys::sleep_until(start + seconds(1).scaled(due));
      }
      const Datagram datagram{i, sys::monotonic_now().nanoseconds};
      std::memcpy(bytes.data(), &datagram, sizeof datagram);
      static_cast<void>(::send(client_.get(), bytes.data(), load.size, 0) > 0);
    }
    sys::run_ordinarily();
  }
  void receive(std::vector<Arrival>& arrivals) const {
    std::array<char, 1500> bytes{};
    pollfd entry{server_.get(), POLLIN, 0};
    for (int wait = 3000; ::poll(&entry, 1, wait) == 1; wait = quiet.poll_milliseconds()) {
      if (::recv(server_.get(), bytes.data(), bytes.size(), 0) <= 0) continue;
      Arrival arrival{.at = sys::monotonic_now()};
      std::memcpy(&arrival.datagram, bytes.data(), sizeof arrival.datagram);
      arrivals.push_back(arrival);
    }
  }

  sys::PrivateNetwork network_;
  sys::Fd server_;
  sys::Fd client_;
};

double bulk_bits_a_second(const sys::PrivateNetwork& network) {
  constexpr std::uint16_t bulk_port = port + 1;
  const sys::Fd listener = network.bound(AF_INET, SOCK_STREAM, bulk_port);
  CHECK(::listen(listener.get(), 1) == 0, "a listener");
  const sys::Fd client = network.connected(AF_INET, SOCK_STREAM, bulk_port);
  const sys::Fd server(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
  std::jthread sender([&client](const std::stop_token& stop) {
    const std::vector<char> bytes(1 << 20);
    while (!stop.stop_requested() &&
           ::send(client.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {
    }
  });
  std::vector<char> bytes(1 << 20);
  const Duration start = sys::monotonic_now();
  double got = 0;
  while (sys::monotonic_now() - start < seconds(2)) {
    got += static_cast<double>(
        std::max<ssize_t>(::recv(server.get(), bytes.data(), bytes.size(), 0), 0));
  }
  const double took = (sys::monotonic_now() - start).seconds();
  sender.request_stop();
  ::shutdown(server.get(), SHUT_RDWR);
  return got * 8 / took;
}

Accuracy accept_all() {
  const Line line;
  constexpr std::int64_t count = 600'000;
  const auto rate_of = [](std::uint64_t packets, Duration took) {
    return static_cast<double>(packets) / took.seconds();
  };
  Duration start = sys::monotonic_now();
  const std::size_t bare = line.carry({.count = count}).size();
  const double bare_rate = rate_of(bare, sys::monotonic_now() - start - quiet);
  const auto engine = line.engine({});
  start = sys::monotonic_now();
  line.carry({.count = count});
  const double rate = rate_of(engine->stop().packets, sys::monotonic_now() - start - quiet);
  return {.what = "packet engine, accept all, datagrams of 64 bytes",
          .asked = "as fast as they come",
          .delivered = fmt::format("{:.0f} k/s", rate / 1000),
          .goal = ">= 170 k/s",
          .is_reached = rate >= 170e3,
          .note = fmt::format("{:.0f} k/s without it", bare_rate / 1000)};
}

Accuracy bulk() {
  const Line line;
  const double bare = bulk_bits_a_second(line.network());
  const auto engine = line.engine({});
  const double through = bulk_bits_a_second(line.network());
  return {.what = "packet engine, accept all, TCP in bulk",
          .asked = "as fast as it goes",
          .delivered = fmt::format("{:.1f} Gbit/s", through / 1e9),
          .goal = ">= 8.8 Gbit/s",
          .is_reached = through >= 8.8e9,
          .note = fmt::format("{:.1f} Gbit/s without it", bare / 1e9)};
}

Accuracy delay(bool has_hogs) {
  const Line line;
  std::vector<std::jthread> hogs;
  for (int i = 0; has_hogs && i < 2; ++i) {
    hogs.emplace_back([](const std::stop_token& stop) {
      while (!stop.stop_requested()) asm volatile("" ::: "memory");
    });
  }
  constexpr double asked_ms = 50;
  constexpr std::int64_t count = 100'000;
  const auto engine = line.engine({.delay = milliseconds(50)});
  Samples errors;
  for (const Arrival& one : line.carry({.count = count, .per_second = 20'000})) {
    const Duration took = one.at - Duration{one.datagram.sent_ns};
    errors.push_back(took.milliseconds() - asked_ms);
  }
  const packets::Account account = engine->stop();
  const double median = quantile(errors, 0.5);
  const double high = quantile(errors, 0.99);
  return {.what = fmt::format("delay at 20 k packets/s{}", has_hogs ? ", two CPU hogs" : ""),
          .asked = "50 ms",
          .delivered = fmt::format("{:.2f} ms, p99 {:.2f} ms", asked_ms + median, asked_ms + high),
          .deviation = fmt::format("{:+.3f} / {:+.3f} ms", median, high),
          .goal = "+0.1 / +1.0 ms",
          .is_reached = median <= 0.1 && high <= 1.0 && errors.size() == count,
          .note = fmt::format("{} of {} arrived; let go {:.3f} ms late at p99", errors.size(),
                              count, account.late.quantile(0.99).milliseconds())};
}

// The chi-square statistic's p-value, by the approximation of Wilson and Hilferty (1931).
double p_value(double statistic, double freedom) {
  const double third = 2 / (9 * freedom);
  const double deviate = (std::cbrt(statistic / freedom) - (1 - third)) / std::sqrt(third);
  return std::erfc(deviate / std::sqrt(2.0)) / 2;
}

Accuracy loss() {
  const Line line;
  constexpr std::int64_t count = 50'000;
  constexpr double stay = 0.75;  // bursts of 4
  const auto engine = line.engine({.loss = {0.05}, .burst = 4});
  std::map<std::int64_t, int> classes;
  std::int64_t expected = 0;
  int bursts = 0;
  std::int64_t lost = 0;
  const auto end_burst = [&](std::int64_t next) {
    if (next > expected) {
      ++bursts;
      ++classes[std::min<std::int64_t>(next - expected, 12)];
      lost += next - expected;
    }
    expected = next + 1;
  };
  for (const Arrival& one : line.carry({.count = count, .per_second = 25'000})) {
    end_burst(one.datagram.number);
  }
  end_burst(count);
  double statistic = 0;
  for (std::int64_t length = 1; length <= 12; ++length) {
    const double longer = std::pow(stay, length - 1);
    const double wanted = bursts * (length == 12 ? longer : longer * (1 - stay));
    statistic += std::pow(classes[length] - wanted, 2) / wanted;
  }
  const double share = 100 * static_cast<double>(lost) / count;
  const double p = p_value(statistic, 11);
  return {.what = "loss in bursts of 4, 50,000 packets",
          .asked = "5 %",
          .delivered = fmt::format("{:.2f} % in bursts of {:.2f}", share,
                                   static_cast<double>(lost) / std::max(bursts, 1)),
          .deviation = fmt::format("{:+.2f} points; p = {:.2f}", share - 5, p),
          .goal = "0.3 points; p > 0.01",
          .is_reached = std::abs(share - 5) <= 0.3 && p > 0.01};
}

Accuracy same_seed() {
  const Line line;
  constexpr int turns = 100;
  const auto arrived = [&] {
    const auto engine = line.engine({.loss = {0.2}, .burst = 2}, 7);
    std::vector<std::int64_t> numbers;
    for (const Arrival& one : line.carry({.count = 200})) numbers.push_back(one.datagram.number);
    return numbers;
  };
  const std::vector<std::int64_t> first = arrived();
  int same = 0;
  for (int i = 0; i < turns; ++i) same += arrived() == first ? 1 : 0;
  return {.what = "same seed, same traffic: the same packets are lost",
          .asked = fmt::format("{} of {}", turns, turns),
          .delivered = fmt::format("{} of {}", same, turns),
          .goal = "all",
          .is_reached = same == turns};
}

}  // namespace

std::vector<Accuracy> bench_packets() {
  return {accept_all(), bulk(), delay(false), delay(true), loss(), same_seed()};
}

}  // namespace squall::bench
