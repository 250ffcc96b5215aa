// The timeline is the append-only record of one run: JSON lines, written as things happen, so that
// a run which is killed leaves a readable one. The verdict and every report are computed from it
// alone.
//
// Every line has "t_ns" (CLOCK_MONOTONIC since the start of the run) and "event". The events, and
// the members beside those two (times are nanoseconds since the start of the run, `_ns`):
//
//   run_started      run, scenario, title, hypothesis, wall, plan_hash, seed, time_scale, version,
//                    host {name, kernel, cores}, plan {the canonical plan}
//   phase            phase: gates | baseline | fault | recovery | restore | verdict
//   need             fault, what, met, reason              a thing this host must offer
//   sample           check, planned_ns, sent_ns, done_ns, late_ns, good, why, problem, values,
//                    tainted
//                    late_ns: how long after its instant it was sent, by squall's own doing (what
//                    a target that leaves earlier ones unanswered makes it wait is latency);
//                    tainted: so late that its own time is in doubt; never counted
//   lateness         check, promptness, samples, median_ns, p99_ns, max_ns, dropped
//                    of all samples of a check, with the sort of thread that sent them; dropped:
//                    never sent, as too many others waited for the target
//   gauge            cpu (0 to 1), memory_bytes, disk_read_bytes, disk_write_bytes (since the last
//                    gauge), network_in_bytes, network_out_bytes (likewise)
//   fault_commanded  fault, kind, strike, target
//   change_applied   fault, change, kind, describe, undo, keeping, commanded_ns, applied_ns
//   change_refused   fault, kind, code, message, next, foreseen
//                    foreseen: by the guardian, before anything was touched
//   witnessed        fault, strike, witness, edge: on | off, after_ns, by_ns, detail
//                    the edge lies in (after_ns, by_ns]; has_end: false where what was seen of a
//                    spell has no end to see, such as a death; off before revert_commanded: it
//                    ended early, victim_ended: as the process ended that it was about
//   unwitnessed      fault, strike, witness, edge, message the edge was not seen in time
//   dose             fault, witness, unit, looks, on_looks, mean, min, max, steady
//                    steady: a fault in force is seen in every look
//   revert_commanded fault
//   change_reverted  fault, change, ending, detail
//   change_lost      fault, change, message                a holder died before its time
//   gate             gate: detect | heal, check, met, within_ns, after_ns, by_ns, why,
//                    proves_nothing: neither met nor missed, as the fault made no difference to it;
//                    needless: a heal gate, and nothing at all broke
//   stop             reason: condition | operator | lost_lease | halted | head_room | timeline,
//                    text; timeline: a line could not be written (see failure())
//   fingerprint      moment: before | after, digest, differences [text]
//   disturbed        message                               the tool disturbed its own measurement
//   note             message
//   run_ended        verdict, exit_code, reasons [text], learnt
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/node.h"
#include "core/result.h"
#include "sys/fd.h"

namespace squall::engine {

using Event = json::object;

// Appends to a file and hands every event to an observer as well. Safe to call from several
// threads. The observer sees the events one at a time and in the order of the file, on whichever
// thread is adding at that moment; it may itself add events.
class TimelineWriter {
 public:
  using Observer = std::function<void(const Event&)>;
  // The file must not exist yet. An empty path keeps the timeline in memory only.
  static Result<std::unique_ptr<TimelineWriter>> create(const std::string& path, Observer observer);

  // Text that is not UTF-8 is made printable first, so that the file can always be read back.
  void add(std::string_view event, json::object members);
  // Nanoseconds since the run started, on CLOCK_MONOTONIC.
  std::int64_t now_ns() const;
  std::int64_t since_start_ns(Duration monotonic) const;
  std::vector<Event> events() const;
  // Set when a line could not be written (a full disk): the run must then end as aborted.
  std::optional<Error> failure() const;

 private:
  TimelineWriter() = default;
  void write_line(const Event& event);

  mutable std::mutex mutex_;
  sys::Fd file_;
  std::string path_;
  std::uint64_t written_ = 0;  // bytes of whole lines in the file
  Observer observer_;
  Duration start_;
  std::vector<Event> events_;
  std::size_t delivered_ = 0;  // how many events the observer has been given
  bool is_delivering_ = false;
  std::optional<Error> failure_;
};

// Reads a timeline back. A last line that was cut short is left out; any other broken line is an
// error which names it.
Result<std::vector<Event>> read_timeline(const std::string& path);

}  // namespace squall::engine
