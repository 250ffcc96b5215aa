// What is known of a run while it goes on, built up event by event: all that the live view and the
// plain lines show. Reading an event is cheap and its memory is bounded, because it happens on the
// threads that measure.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "cli/sparkline.h"
#include "engine/timeline.h"
#include "faults/fault.h"
#include "scenario/plan.h"

namespace squall::cli {

struct LiveFault {
  enum class State { waiting, commanded, in_force, over, unseen, refused };

  // From when to when it was in force; for a fault that strikes at once both are the same.
  struct Span {
    std::int64_t from_ns = 0;
    std::optional<std::int64_t> to_ns;
    bool is_witnessed = false;
  };

  scenario::PlannedFault plan;
  State state = State::waiting;
  std::string target;
  std::string problem;  // when unseen or refused
  std::int64_t strikes = 0;
  std::int64_t strikes_planned = 1;
  std::int64_t last_strike_ns = 0;   // after the first fault's moment, as planned
  std::vector<std::string> changes;  // in force now
  std::deque<Span> spans;

  bool is_spell() const { return plan.lasts > Duration{}; }
};

struct LiveCheck {
  enum class Gate { open, met, missed };

  scenario::PlannedCheck plan;
  std::deque<Point> points;   // value: latency in milliseconds
  std::int64_t samples = 0;   // untainted ones
  std::int64_t broken = 0;    // of them; those of a gate that is not met yet count for nothing
  std::int64_t last_ns = -1;  // planned instant of the newest one; slow ones come out of order
  bool is_broken = false;     // by that one
  double latency_ms = 0;      // of that one
  std::string why;            // it is broken
  Gate gate = Gate::open;     // detect and heal checks only
  std::string gate_text;      // "met after 0.4 to 0.5 s"

  bool is_gate() const { return plan.demand == scenario::Demand::eventually; }
};

struct Message {
  std::int64_t at_ns = 0;
  std::string text;
  Colour colour = Colour::warning;
};

class LiveState {
 public:
  // The catalogue says how often a fault strikes.
  explicit LiveState(const fault::Catalogue& faults) : catalogue_(faults) {}

  void read(const engine::Event& event);
  // A message that no event tells.
  void remark(std::int64_t at_ns, std::string text);

  const std::string& scenario() const { return plan_.name; }
  const std::string& title() const { return plan_.title; }
  std::uint64_t seed() const { return plan_.seed; }
  const scenario::Plan& plan() const { return plan_; }
  const std::vector<LiveFault>& faults() const { return faults_; }
  const std::vector<LiveCheck>& checks() const { return checks_; }
  const std::vector<Message>& messages() const { return messages_; }  // the last few
  const std::deque<Point>& cpu() const { return cpu_; }               // fractions
  double memory_bytes() const { return memory_bytes_; }
  const std::string& phase() const { return phase_; }  // empty before the first
  bool has_ended() const { return has_ended_; }
  bool is_stopping() const { return is_stopping_; }
  // The first broken sample of a steady check after the first fault was commanded.
  const std::optional<Message>& first_harm() const { return first_harm_; }

  // When the first fault begins, as known or as planned.
  std::int64_t zero_ns() const;
  // When everything but the undoing is over at the latest.
  std::int64_t latest_end_ns() const;

 private:
  struct Reader;
  static const Reader readers[];

  void read_started(const engine::Event& event);
  void read_phase(const engine::Event& event);
  void read_sample(const engine::Event& event);
  void read_gauge(const engine::Event& event);
  void read_commanded(const engine::Event& event);
  void read_applied(const engine::Event& event);
  void read_witnessed(const engine::Event& event);
  void read_unwitnessed(const engine::Event& event);
  void read_reverted(const engine::Event& event);
  void read_refused(const engine::Event& event);
  void read_gate(const engine::Event& event);
  void read_need(const engine::Event& event);
  void read_stop(const engine::Event& event);
  void read_remark(const engine::Event& event);
  void read_ended(const engine::Event& event);

  LiveFault* fault_of(const engine::Event& event);
  LiveCheck* check_of(const engine::Event& event);
  void say(std::int64_t at_ns, std::string text, Colour colour);

  const fault::Catalogue& catalogue_;
  scenario::Plan plan_;
  std::vector<LiveFault> faults_;
  std::vector<LiveCheck> checks_;
  std::vector<Message> messages_;
  std::deque<Point> cpu_;
  double memory_bytes_ = 0;
  std::string phase_;
  std::int64_t baseline_ns_ = 0;
  std::optional<std::int64_t> fault_phase_ns_;
  std::optional<std::int64_t> first_commanded_ns_;
  std::optional<Message> first_harm_;
  bool is_stopping_ = false;
  bool has_ended_ = false;
};

}  // namespace squall::cli
