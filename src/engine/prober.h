// The prober takes samples of every check, open-loop: each has its instants planned on an absolute
// grid, whether earlier samples came back or not, so that a slow target cannot slow its own
// measurement down.
//
// One thread paces; each check has workers of its own, one more than are busy, up to a bound. All
// run before ordinary threads where the host allows it: else a host that is busy, with squall's own
// load perhaps, would make its target look slow. A check whose sample costs more than a moment of
// CPU time is left to ordinary threads, so that measuring disturbs nobody.
//
// Why a sample was sent after its instant is told apart. When all workers of its check wait for the
// target, that is the target's doing: the wait counts as latency, as it would for a client that had
// sent in time and stood in the target's queue. Anything else is squall's own lateness, which is
// recorded; a sample that is late beyond a bound is tainted: it is on record and never counted.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

#include "engine/timeline.h"
#include "probes/probe.h"
#include "probes/tolerance.h"
#include "scenario/plan.h"
#include "sys/promptness.h"

namespace squall::engine {

// One finished sample, as much of it as decisions during the run need. Nanoseconds since the start.
struct Taken {
  std::int64_t planned_ns = 0;
  std::int64_t sent_ns = 0;
  std::int64_t done_ns = 0;
  std::int64_t late_ns = 0;  // by squall's own doing
  bool good = false;
  bool answered = false;
  bool tainted = false;
  std::string why;

  // From the instant at which a prompt client would have sent it.
  std::int64_t latency_ns() const { return done_ns - planned_ns - late_ns; }
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
  // No new samples; those in flight are given up. Writes down how late samples were sent.
  void stop();

  const scenario::PlannedCheck& check(std::size_t index) const { return *checks_[index].plan; }
  std::size_t size() const { return checks_.size(); }
  // The samples of a check planned at or after `since_ns`, in order of their planned instants.
  std::vector<Taken> taken(std::size_t check, std::int64_t since_ns) const;
  // The first of them, by its planned instant, that is wanted; cheap enough to be asked often.
  using Wanted = std::function<bool(const Taken&)>;
  std::optional<Taken> first(std::size_t check, std::int64_t since_ns, const Wanted& wanted) const;

 private:
  struct Job {
    Duration planned;               // CLOCK_MONOTONIC
    bool was_kept_waiting = false;  // every worker was with the target when it was due
  };
  struct Check {
    const scenario::PlannedCheck* plan = nullptr;
    std::unique_ptr<probe::Probe> probe;
    probe::Tolerance tolerance;
    // Under pacing_:
    bool is_begun = false;
    int costly_in_a_row = 0;  // samples that took much CPU time
    Duration next;            // CLOCK_MONOTONIC
    std::deque<Job> jobs;
    std::size_t workers = 0;
    std::size_t workers_max = 0;
    std::size_t idle = 0;
    std::int64_t dropped = 0;  // jobs that found too many waiting
    std::condition_variable_any wake;
    // Under results_:
    std::vector<Taken> taken;
    std::vector<double> late_ns;
  };
  // When a sample was due, when it could have been sent, and when it was.
  struct Sending {
    Duration planned;
    Duration ready;
    Duration sent;
  };

  void pace(std::stop_token stop);
  void queue_due(Check& check, Duration now);
  void add_worker(Check& check);
  void work(Check& check, std::stop_token stop);
  Duration take(Check& check, const Sending& sending, std::stop_token stop);
  void record(Check& check, const Sending& sending, Duration done, const probe::Sample& sample);
  void record_lateness();

  TimelineWriter& timeline_;
  std::deque<Check> checks_;
  // Two locks, so that whoever looks at results, an ordinary thread perhaps that has to wait for a
  // CPU while it holds the lock, keeps no sample from being sent.
  std::mutex pacing_;
  mutable std::mutex results_;
  std::condition_variable_any wake_pacer_;
  bool has_begun_more_ = false;  // tells the pacer to plan anew
  sys::Promptness promptness_ = sys::Promptness::ordinary;
  std::vector<std::jthread> workers_;
  std::jthread pacer_;
};

// The samples of a check that count, planned at or after `since_ns`, in order.
std::vector<Taken> untainted(const Prober& prober, std::size_t check, std::int64_t since_ns);

// Sent by squall's own doing later than this after its planned instant, a sample is tainted.
Duration lateness_limit(Duration every);

}  // namespace squall::engine
