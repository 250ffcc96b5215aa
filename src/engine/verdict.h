// The verdict judges a timeline and does nothing else.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/timeline.h"

namespace squall::engine {

enum class Outcome { held, refuted, invalid, inconclusive, aborted, unsupported };
std::string_view outcome_name(Outcome outcome);
std::optional<Outcome> outcome_from_name(std::string_view name);
int exit_code(Outcome outcome);  // 0, 1, 4, 5, 6, 3 in that order; 2 is a usage or document error

// An instant that is only known to lie in (after, by]: both nanoseconds since the start of the run.
struct Interval {
  std::int64_t after_ns = 0;
  std::int64_t by_ns = 0;
};

// The clocks of one run. Those that did not happen are empty.
struct Clocks {
  std::optional<Interval> commanded;      // the first fault was asked for
  std::optional<Interval> witnessed_on;   // a witness saw it
  std::optional<Interval> first_harm;     // the first broken steady-state sample
  std::optional<Interval> first_trigger;  // the first detect gate that was met
  std::optional<Interval> healed;         // the first heal gate that was met
  std::optional<Interval> commanded_off;  // the last fault was told to end
  std::optional<Interval> witnessed_off;  // a witness saw it gone
  std::optional<Interval> steady_again;   // every steady check holds from here on
};

// What one steady, always or never check came to while the fault was in force.
struct CheckSummary {
  std::string name;
  std::string demand;
  std::int64_t samples = 0;  // untainted ones during the fault and recovery
  std::int64_t bad = 0;
  std::int64_t tainted = 0;
  double harm_bound = 0;      // upper 95 % bound of the share of bad samples (3/n for none bad)
  double latency_p50_ms = 0;  // of the answered samples, from the planned instant
  double latency_p90_ms = 0;
  double latency_p99_ms = 0;
  double latency_max_ms = 0;
  Duration floor;  // the polling floor: period + timeout
};

struct GateSummary {
  std::string gate;  // detect | heal
  std::string check;
  bool met = false;
  Interval at;
  Duration within;
  bool proves_nothing = false;  // neither met nor missed: the fault made no difference to it
  bool needless = false;        // a heal gate, and nothing at all broke
};

struct Verdict {
  Outcome outcome = Outcome::inconclusive;
  std::vector<std::string> reasons;  // one sentence each, most important first
  std::string learnt;                // the one sentence at the end
  Clocks clocks;
  std::vector<CheckSummary> checks;
  std::vector<GateSummary> gates;
  bool restored = false;  // every change undone and the fingerprint equal
};

// A timeline that stops in the middle (a killed runner) is judged aborted.
Verdict judge(const std::vector<Event>& timeline);
json::object to_json(const Verdict& verdict);

}  // namespace squall::engine
