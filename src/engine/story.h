// A story is a timeline read into typed values: what the verdict judges and every report tells.
//
// Reading never fails: a member that is missing or has the wrong type reads as empty, so that the
// timeline of a run which died, or of a later version, still tells what it can.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/timeline.h"
#include "engine/verdict.h"
#include "scenario/plan.h"

namespace squall::engine {

struct Sample {
  std::int64_t planned_ns = 0;
  std::int64_t sent_ns = 0;
  std::int64_t done_ns = 0;
  std::int64_t late_ns = 0;  // of the sending, by squall's own doing
  bool good = false;
  bool tainted = false;
  std::string why;
  std::string problem;

  bool answered() const { return problem.empty(); }
  // From the planned instant, so that a sender whom the target keeps waiting cannot hide it; but
  // without squall's own lateness.
  double latency_ms() const { return static_cast<double>(done_ns - planned_ns - late_ns) / 1e6; }
};

struct WatchedCheck {
  scenario::PlannedCheck plan;
  std::vector<Sample> samples;  // in the order of their planned instants

  // A sample that speaks against the check: a bad one, or for `never` a good one.
  bool is_broken_by(const Sample& sample) const {
    return (plan.demand == scenario::Demand::never) == sample.good;
  }
};

struct Phase {
  std::string name;
  std::int64_t start_ns = 0;
};

struct Need {
  std::string fault;
  std::string what;
  bool met = true;
  std::string reason;
};

// One strike of a fault, as it was commanded.
struct Strike {
  std::string fault;
  std::string kind;
  std::int64_t number = 0;
  std::string target;
  std::int64_t commanded_ns = 0;
};

// A witness that saw an edge, or waited for it in vain.
struct Edge {
  std::string fault;
  std::int64_t strike = 0;
  std::string witness;
  bool is_onset = true;
  bool was_seen = false;
  bool has_end = true;        // of an onset: there is an end to be seen
  bool victim_ended = false;  // of an end: the process ended that the fault was about
  Interval at;                // when it was seen
  std::string detail;         // or why it was not
  std::int64_t recorded_ns = 0;
};

// One change from its application to its end.
struct LivedChange {
  std::string fault;
  std::string id;
  std::string kind;
  std::string describe;
  std::string undo;
  std::string keeping;
  std::int64_t commanded_ns = 0;
  std::int64_t applied_ns = 0;
  std::optional<std::int64_t> reverted_ns;
  std::string ending;  // empty while in force
  std::string detail;
  std::string lost;  // why its holder died before its time; empty when it did not

  // Nothing of it is left on the host, as far as the guardian knows.
  bool is_undone() const {
    return keeping == "irreversible" || ending == "restored" || ending == "was_absent" ||
           ending == "gone";
  }
};

struct Refusal {
  std::string fault;
  std::string kind;
  Code code = Code::failed;
  std::string message;
  std::string next;
  bool is_foreseen = false;  // before anything was touched
};

struct Dose {
  std::string fault;
  std::string witness;
  std::string unit;
  std::int64_t looks = 0;
  std::int64_t on_looks = 0;
  double mean = 0;
  double min = 0;
  double max = 0;
  bool steady = false;  // a fault in force is seen in every look
};

struct FaultEnd {
  std::string fault;
  std::int64_t commanded_ns = 0;
};

struct JudgedGate {
  std::string gate;
  std::string check;
  bool met = false;
  Duration within;
  Interval at;
  std::string why;
  bool proves_nothing = false;  // neither met nor missed: the fault made no difference to it
  bool needless = false;        // a heal gate, and nothing at all broke
};

struct Stop {
  std::string reason;
  std::string text;
  std::int64_t at_ns = 0;
};

struct Fingerprint {
  std::string moment;
  std::string digest;
  std::vector<std::string> differences;
};

struct Gauge {
  std::int64_t at_ns = 0;
  double cpu = 0;
  double memory_bytes = 0;
  double disk_bytes = 0;     // read and written since the last gauge
  double network_bytes = 0;  // in and out since the last gauge
};

// A remark of the runner, or (disturbed) that it got in the way of its own measurement.
struct Note {
  std::int64_t at_ns = 0;
  std::string message;
};

struct Story {
  json::object started;  // the members of run_started; empty when the run never got that far
  scenario::Plan plan;
  bool has_plan = false;
  std::vector<Phase> phases;
  std::vector<Need> needs;
  std::vector<WatchedCheck> checks;  // in the order of the plan
  std::vector<Strike> strikes;
  std::vector<Edge> edges;
  std::vector<LivedChange> changes;
  std::vector<Refusal> refusals;
  std::vector<Dose> doses;
  std::vector<FaultEnd> ends;
  std::vector<JudgedGate> gates;
  std::vector<Stop> stops;
  std::vector<Fingerprint> fingerprints;
  std::vector<Gauge> gauges;
  std::vector<Note> disturbances;
  std::vector<Note> notes;
  std::int64_t last_ns = 0;  // of the last event
  bool has_ended = false;    // there is a run_ended

  const Phase* find_phase(std::string_view name) const;
  const Fingerprint* find_fingerprint(std::string_view moment) const;
  const scenario::PlannedFault* find_fault(std::string_view id) const;
};

Story read_story(const std::vector<Event>& timeline);

}  // namespace squall::engine
