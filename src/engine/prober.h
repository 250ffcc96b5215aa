// The prober takes samples of every check, open-loop: each has its instants planned on an absolute
// grid, whether earlier samples came back or not, so that a slow target cannot slow its own
// measurement down.
//
// One thread paces, a few workers probe. A sample that could not be sent close to its instant (the
// host was busy, or every worker was waiting) is tainted: it is recorded and never counted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/timeline.h"
#include "probes/probe.h"
#include "probes/tolerance.h"
#include "scenario/plan.h"

namespace squall::engine {

// One finished sample, as much of it as decisions during the run need. Nanoseconds since the start.
struct Taken {
  std::int64_t planned_ns = 0;
  std::int64_t sent_ns = 0;
  std::int64_t done_ns = 0;
  bool good = false;
  bool answered = false;
  bool tainted = false;
  std::string why;
};

class Prober {
 public:
  explicit Prober(TimelineWriter& timeline) : timeline_(timeline) {}
  ~Prober() { stop(); }

  // Opens the probe and reads the tolerance; before start(). Errors name the check.
  Status add(const scenario::PlannedCheck& check, const probe::Catalogue& probes);
  void start();
  // From now on this check (index in order of add) is probed. Idempotent.
  void begin(std::size_t check);
  // No new samples; those in flight are given up.
  void stop();

  const scenario::PlannedCheck& check(std::size_t index) const { return *checks_[index].plan; }
  std::size_t size() const { return checks_.size(); }
  // The samples of a check planned at or after `since_ns`, in order of their planned instants.
  std::vector<Taken> taken(std::size_t check, std::int64_t since_ns) const;

 private:
  struct Check {
    const scenario::PlannedCheck* plan = nullptr;
    std::unique_ptr<probe::Probe> probe;
    probe::Tolerance tolerance;
    bool is_begun = false;
    Duration next;  // CLOCK_MONOTONIC
    std::vector<Taken> taken;
  };
  struct Job {
    std::size_t check = 0;
    Duration planned;
  };

  void pace(std::stop_token stop);
  void work(std::stop_token stop);
  void take(const Job& job, std::stop_token stop);

  TimelineWriter& timeline_;
  std::vector<Check> checks_;
  mutable std::mutex mutex_;
  std::condition_variable_any wake_pacer_;
  std::condition_variable_any wake_workers_;
  bool has_begun_more_ = false;  // tells the pacer to plan anew
  std::deque<Job> jobs_;
  std::vector<std::jthread> threads_;
};

// The samples of a check that count, planned at or after `since_ns`, in order.
std::vector<Taken> untainted(const Prober& prober, std::size_t check, std::int64_t since_ns);

// Later than this after its planned instant, a sample is tainted.
Duration lateness_limit(Duration every);

}  // namespace squall::engine
