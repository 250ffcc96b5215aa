// From the command to the effect: the time between asking the guardian and an observer of its own
// seeing it.
//
// The observer is a thread that looks again and again and knows nothing of the guardian: at the
// state of the process, or at what connect(2) answers. Beside it, in the same run, stand the
// programs that an operator would use by hand: kill(1) and nft(8), which write no journal.
#include <atomic>
#include <csignal>
#include <cstdio>
#include <cstring>
#include <functional>
#include <thread>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include "measure.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::bench {
namespace {

constexpr Duration patience = seconds(3);
constexpr Duration observer_pause = microseconds(50);
// The kernel takes a packet filter apart for some 15 ms after it is gone from view, under the lock
// that the next one needs. Repetitions are kept apart, for the peer too, so that each meets a host
// at rest.
constexpr Duration rest = milliseconds(50);

// Milliseconds from now until `seen` holds, while `act` runs beside it.
double time_to_effect(const std::function<void()>& act, const std::function<bool()>& seen) {
  std::atomic<bool> is_ready = false;
  std::atomic<std::int64_t> seen_ns = 0;
  std::jthread observer([&] {
    sys::use_precise_timers();
    is_ready = true;
    const Duration deadline = sys::monotonic_now() + rest + patience;
    while (sys::monotonic_now() < deadline) {
      if (seen()) {
        seen_ns = sys::monotonic_now().nanoseconds;
        return;
      }
      // Spinning would take the CPU that the effect needs; this costs at most so much resolution.
      sys::sleep_until(sys::monotonic_now() + observer_pause);
    }
  });
  while (!is_ready) ::sched_yield();
  sys::sleep_until(sys::monotonic_now() + rest);
  const Duration commanded = sys::monotonic_now();
  act();
  observer.join();
  return Duration{seen_ns - commanded.nanoseconds}.milliseconds();
}

class Listener {
 public:
  Listener() : fd_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    address_.sin_family = AF_INET;
    address_.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(::bind(fd_.get(), reinterpret_cast<sockaddr*>(&address_), sizeof(address_)) == 0,
          "bind works");
    socklen_t size = sizeof(address_);
    ::getsockname(fd_.get(), reinterpret_cast<sockaddr*>(&address_), &size);
    ::listen(fd_.get(), 1024);
    acceptor_ = std::jthread([this](std::stop_token stop) {
      while (!stop.stop_requested()) {
        const sys::Fd one(::accept4(fd_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      }
    });
  }
  ~Listener() {
    acceptor_.request_stop();
    ::shutdown(fd_.get(), SHUT_RDWR);
  }
  int port() const { return ntohs(address_.sin_port); }
  bool refuses() const {
    const sys::Fd client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(client.get(), reinterpret_cast<const sockaddr*>(&address_),
                     sizeof(address_)) != 0 &&
           errno == ECONNREFUSED;
  }

 private:
  sys::Fd fd_;
  sockaddr_in address_{};
  std::jthread acceptor_;
};

Samples pause_by_squall(int repetitions, Samples& undo) {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    const Sleeper sleeper;
    const std::string id = std::to_string(i);
    const change::Request request = sleeper.stop_request();
    samples.push_back(time_to_effect([&] { static_cast<void>(session->apply(id, request).ok()); },
                                     [&] { return sleeper.is_stopped(); }));
    undo.push_back(time_to_effect([&] { static_cast<void>(session->revert(id).ok()); },
                                  [&] { return !sleeper.is_stopped(); }));
  }
  return samples;
}

Samples pause_by_kill(int repetitions) {
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    const Sleeper sleeper;
    const std::string pid = std::to_string(sleeper.pid());
    samples.push_back(time_to_effect(
        [&] {
          run_program({"/bin/kill", "-STOP", pid});
        },
        [&] { return sleeper.is_stopped(); }));
  }
  return samples;
}

change::Request block_request(const std::string& name, int port) {
  json::object rule{{"direction", "in"},  {"action", "reject"}, {"peer", ""},
                    {"local_port", port}, {"remote_port", 0},   {"protocol", "tcp"}};
  return {"nft.table",
          {{"name", name}, {"namespace", ""}, {"rules", json::array{std::move(rule)}}}};
}

Samples block_by_squall(int repetitions, Samples& undo) {
  const Workplace workplace;
  const auto session = workplace.open("bench");
  const Listener listener;
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    const std::string id = std::to_string(i);
    const change::Request request =
        block_request(fmt::format("squall_bench_{}", i), listener.port());
    bool was_applied = false;
    samples.push_back(time_to_effect([&] { was_applied = session->apply(id, request).ok(); },
                                     [&] { return listener.refuses(); }));
    CHECK(was_applied, "the rule was applied");
    undo.push_back(time_to_effect([&] { static_cast<void>(session->revert(id).ok()); },
                                  [&] { return !listener.refuses(); }));
  }
  return samples;
}

Samples block_by_nft(int repetitions) {
  const Listener listener;
  Samples samples;
  for (int i = 0; i < repetitions; ++i) {
    const std::string rules = fmt::format(
        "add table inet squall_peer; add chain inet squall_peer in {{ type filter hook input "
        "priority 0; }}; add rule inet squall_peer in tcp dport {} reject with tcp reset",
        listener.port());
    samples.push_back(time_to_effect(
        [&] {
          run_program({"nft", rules});
        },
        [&] { return listener.refuses(); }));
    run_program({"nft", "delete table inet squall_peer"});
  }
  return samples;
}

Row goal_row(const std::string& what, const Samples& samples, const Samples& peer,
             const std::string& peer_name) {
  Row row{what, samples, "median <= 5 ms, p99 <= 20 ms"};
  row.is_reached = quantile(samples, 0.5) <= 5 && quantile(samples, 0.99) <= 20;
  row.note = fmt::format("{}: median {:.2f} ms, p99 {:.2f} ms; ratio of medians {:.2f}", peer_name,
                         quantile(peer, 0.5), quantile(peer, 0.99),
                         quantile(samples, 0.5) / quantile(peer, 0.5));
  return row;
}

}  // namespace

std::vector<Row> bench_effects(int repetitions) {
  std::vector<Row> rows;
  Samples pause_undo;
  const Samples pause = pause_by_squall(repetitions, pause_undo);
  rows.push_back(
      goal_row("process.pause: command to effect", pause, pause_by_kill(repetitions), "kill(1)"));
  rows.push_back({"process.pause: undo", pause_undo, "", true, ""});
  // In a network namespace of our own: nothing of this touches the host's network.
  CHECK(::unshare(CLONE_NEWNET) == 0, "a network namespace can be made");
  run_program({"ip", "link", "set", "lo", "up"});
  Samples block_undo;
  const Samples block = block_by_squall(repetitions, block_undo);
  rows.push_back(
      goal_row("network.block: command to effect", block, block_by_nft(repetitions), "nft(8)"));
  rows.push_back({"network.block: undo", block_undo, "", true, ""});
  return rows;
}

}  // namespace squall::bench
