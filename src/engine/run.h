// One run from its first phase to its last, as a sequence of steps that engine.cpp calls in order.
#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "engine/engine.h"
#include "engine/injector.h"
#include "engine/prober.h"
#include "engine/stops.h"
#include "sys/fingerprint.h"

namespace squall::engine {

class Run {
 public:
  Run(const scenario::Plan& plan, const Environment& environment, const RunOptions& options,
      TimelineWriter& timeline);

  // Runs all phases up to, and without, the verdict. Never fails: what went wrong is in the
  // timeline.
  void go();

 private:
  // Why the run ends before its time.
  struct Interruption {
    std::string reason;  // condition | operator | lost_lease | halted | head_room | timeline
    std::string text;
  };
  // One thing to do at an instant of the plan.
  struct Action {
    enum class Kind { end, strike } kind = Kind::strike;  // at the same instant, ends come first
    std::int64_t at_ns = 0;                               // after the first fault's moment
    std::size_t fault = 0;
    std::uint64_t ordinal = 0;
  };

  enum class Baseline { steady, too_short, unseen, broken };

  void phase(std::string_view name);
  bool pass_gates();
  bool check_needs();
  bool check_first_strikes();
  bool prepare_checks();
  bool meet_guardian();
  bool ask_guardian();
  bool hold_baseline();
  Baseline look_at_baseline() const;
  std::vector<Action> plan_actions() const;
  bool open_first_witnesses();
  void inject();
  bool strike_what_is_ready(std::vector<Action>& opening, std::vector<Action>& ahead);
  static void postpone_end(std::vector<Action>& ahead, std::size_t fault, std::int64_t at_ns);
  void note_lateness(const Action& action) const;
  void recover();
  void restore();
  void judge_gates();
  void judge_gate(std::size_t check);
  void settle_gate(std::size_t check, std::int64_t base_ns, std::int64_t since_ns);
  void close_gates(bool is_late);
  void write_empty_gate(std::size_t check, std::int64_t base_ns, const std::string& why);
  bool was_met_before(std::size_t gate);
  std::optional<std::int64_t> first_harm_ns();
  std::optional<Taken> first_break(std::size_t gate) const;
  bool is_steady_again() const;
  bool has_enough_samples() const;
  bool are_gates_judged() const;
  void report_taint();
  void undo_without_session();

  // Waits for the instant while watching for interruptions; false when one came.
  bool wait_until(std::int64_t instant_ns);
  bool look_for_interruption();
  void interrupt(Interruption interruption);
  void on_trouble(const guardian::Session::Trouble& trouble);
  void sample_load(std::stop_token stop);
  void take_fingerprint(std::string_view moment);
  sys::FingerprintScope fingerprint_scope() const;

  const scenario::Plan& plan_;
  const Environment& environment_;
  const RunOptions& options_;
  TimelineWriter& timeline_;
  sys::HostFacts host_;
  Prober prober_;
  Injector injector_;
  StopWatch stops_;
  std::optional<sys::Fingerprint> before_;
  std::vector<bool> gate_is_judged_;
  std::vector<std::optional<bool>> gate_was_met_before_;  // once the first fault was commanded
  std::optional<std::int64_t> first_harm_ns_;
  bool watches_stops_ = false;
  std::int64_t zero_ns_ = 0;  // when the plan's own clock began

  std::mutex mutex_;
  std::condition_variable_any wake_;
  std::optional<Interruption> interruption_;
  std::vector<std::pair<std::string, std::string>> lost_;  // change, message
  Load load_;
  bool guardian_is_gone_ = false;
  std::unique_ptr<guardian::Session> session_;
  std::jthread sampler_;
};

}  // namespace squall::engine
