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

  void phase(std::string_view name);
  bool pass_gates();
  bool check_needs();
  bool check_first_strikes();
  bool prepare_checks();
  bool meet_guardian();
  bool hold_baseline();
  void inject();
  std::vector<Action> plan_actions() const;
  void recover();
  void restore();
  void judge_gates();
  void judge_gate(std::size_t check);
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
  bool watches_stops_ = false;

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
