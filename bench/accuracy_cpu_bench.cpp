// Accuracy of a CPU load: what was asked for against what was delivered, beside stress-ng in the
// same run.
//
// Both run one loaded thread, in turns, so that whatever else the host does falls on both alike.
// The CPU time of the whole program is read every 100 ms; from each such window comes a load in per
// cent of a core. The mean over all windows says whether the dose is right, the deviation (the root
// of the mean square of asked minus delivered) whether it is steady.
#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/core.h>
#include <spawn.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/holder.h"
#include "core/text.h"
#include "measure.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::bench {
namespace {

constexpr Duration window = milliseconds(100);
constexpr Duration warm_up = milliseconds(300);
constexpr int windows_a_turn = 15;
constexpr double mean_goal = 1;  // per cent of a core

// A process and all below it.
std::vector<std::int64_t> family_of(std::int64_t root) {
  std::vector<std::int64_t> family;
  for (const sys::Process& process : sys::list_processes()) {
    const std::vector<std::int64_t> chain = sys::ancestors(process.id.pid);
    if (std::find(chain.begin(), chain.end(), root) != chain.end()) {
      family.push_back(process.id.pid);
    }
  }
  return family;
}

// The load in each window, in per cent of a core.
void add_windows(const std::vector<std::int64_t>& pids, Samples& loads) {
  const auto used = [&] {
    Duration sum;
    for (const std::int64_t pid : pids) {
      sum = sum + sys::process_cpu_time(pid).value_or(Duration{});
    }
    return sum;
  };
  sys::use_precise_timers();
  const Duration start = sys::monotonic_now() + warm_up;
  sys::sleep_until(start);
  Duration then = sys::monotonic_now();
  Duration before = used();
  for (int i = 1; i <= windows_a_turn; ++i) {
    sys::sleep_until(start + window * i);
    const Duration now = sys::monotonic_now();
    const Duration after = used();
    loads.push_back(100 * (after - before).seconds() / (now - then).seconds());
    then = now;
    before = after;
  }
}

void burn_by_squall(int load, Samples& loads) {
  const change::Kind& kind = *change::find(change::catalogue(), "cpu.burner");
  auto holder = change::Holder::start(kind, {{"cores", 1}, {"load", fmt::format("{} %", load)}}, {},
                                      seconds(2));
  CHECK(holder.ok(), "a burner starts");
  add_windows({holder->id().pid}, loads);
  holder->release(seconds(1));
}

// False when it cannot be started.
bool burn_by_stress_ng(int load, Samples& loads) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (::getppid() != parent) ::_exit(1);
    const int nowhere = ::open("/dev/null", O_RDWR);
    for (const int fd : {0, 1, 2}) ::dup2(nowhere, fd);
    const std::string asked = std::to_string(load);
    ::execlp("stress-ng", "stress-ng", "--cpu", "1", "--cpu-load", asked.c_str(), "--timeout", "30",
             nullptr);
    ::_exit(127);
  }
  // Its workers are its children; they are there when they use CPU time.
  const Duration deadline = sys::monotonic_now() + seconds(3);
  std::vector<std::int64_t> family;
  while (family.size() < 2 && sys::monotonic_now() < deadline) {
    if (::waitpid(child, nullptr, WNOHANG) == child) return false;
    family = family_of(child);
    sys::sleep_until(sys::monotonic_now() + milliseconds(10));
  }
  if (family.size() < 2) return false;
  add_windows(family, loads);
  ::kill(child, SIGTERM);
  ::waitpid(child, nullptr, 0);
  return true;
}

// How many cores have nothing to do, over half a second: fairly scheduled, nobody gets more than
// that beside others.
double idle_cores() {
  const auto idle_ticks = [] {
    const Result<std::string> text = sys::read_file("/proc/stat");
    std::vector<std::string> words = split(text.ok() ? text->substr(0, text->find('\n')) : "", ' ');
    std::erase(words, "");
    return words.size() > 5
               ? std::strtod(words[4].c_str(), nullptr) + std::strtod(words[5].c_str(), nullptr)
               : 0.0;
  };
  const Duration start = sys::monotonic_now();
  const double before = idle_ticks();
  sys::sleep_until(start + milliseconds(500));
  const double seconds_idle = (idle_ticks() - before) / static_cast<double>(::sysconf(_SC_CLK_TCK));
  return seconds_idle / (sys::monotonic_now() - start).seconds();
}

double mean_of(const Samples& loads) {
  double sum = 0;
  for (const double load : loads) sum += load;
  return loads.empty() ? 0 : sum / static_cast<double>(loads.size());
}

double deviation_of(const Samples& loads, int asked) {
  double sum = 0;
  for (const double load : loads) sum += (load - asked) * (load - asked);
  return loads.empty() ? 0 : std::sqrt(sum / static_cast<double>(loads.size()));
}

}  // namespace

std::vector<Accuracy> bench_cpu_accuracy(int turns) {
  std::vector<Accuracy> rows;
  for (const int asked : {10, 50, 90}) {
    Samples ours;
    Samples theirs;
    bool has_peer = true;
    const double idle = idle_cores();
    for (int turn = 0; turn < turns; ++turn) {
      burn_by_squall(asked, ours);
      has_peer = burn_by_stress_ng(asked, theirs) && has_peer;
    }
    Accuracy row{.what = "cpu.burn, one core",
                 .asked = fmt::format("{} %", asked),
                 .delivered = fmt::format("{:.2f} %", mean_of(ours)),
                 .deviation = fmt::format("{:.2f} points in 100 ms", deviation_of(ours, asked)),
                 .goal = "mean within 1 point; no less steady than stress-ng"};
    row.is_reached = std::abs(mean_of(ours) - asked) <= mean_goal;
    if (has_peer) {
      row.is_reached = row.is_reached && deviation_of(ours, asked) <= deviation_of(theirs, asked);
      row.note = fmt::format("stress-ng: mean {:.2f} %, deviation {:.2f} points", mean_of(theirs),
                             deviation_of(theirs, asked));
    } else {
      row.note = "stress-ng is not installed";
    }
    row.note += fmt::format("; {:.1f} cores were idle before", idle);
    rows.push_back(std::move(row));
  }
  return rows;
}

}  // namespace squall::bench
