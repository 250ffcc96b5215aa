// A plan is a scenario after its names, defaults, targets and random seed are settled. It is plain
// data with a canonical JSON form, and its hash is what an approval binds to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/node.h"
#include "core/result.h"

namespace squall::scenario {

// What is demanded of a check, and when.
enum class Demand {
  steady,      // must hold before and again after; broken samples during the fault are harm, not
               // failure
  always,      // must hold from the first fault to the last revert
  never,       // must not hold in that time
  eventually,  // must hold once, within `within` of the first fault (detect) or of the first harm
               // (heal)
};

enum class Gate { none, detect, heal };

struct PlannedCheck {
  std::string name;
  std::string probe;             // kind name
  json::object params;           // canonical
  json::value expect = nullptr;  // source of the tolerance
  Duration every;
  Duration timeout;
  Demand demand = Demand::steady;
  Duration within;  // eventually only
  Gate gate = Gate::none;
};

struct PlannedFault {
  std::string id;  // unique in the plan: "process.kill" or "process.kill#2", or as named
  std::string kind;
  json::object params;  // canonical
  Duration at;          // after the first fault's moment, time zero of the plan
  Duration lasts;       // spell kinds: how long it stays in force
};

// Stops the run when a measured quantity stays beyond its line for a time.
struct StopCondition {
  std::string text;        // as written: "error_rate > 20 %"
  std::string metric;      // error_rate | latency_p99 | cpu | memory | failing (a check by name)
  std::string check;       // the check meant; empty = all steady checks together
  std::string comparison;  // > >= < <=
  double threshold = 0;    // error_rate, cpu, memory: a fraction; latency: seconds; failing: 1
  Duration lasting;        // how long it must stay so; 0 = at once
  Duration window;         // over which error_rate and latency are taken
};

struct Plan {
  std::string name;
  std::string title;
  std::string hypothesis;
  std::string category;
  std::vector<std::string> tags;
  std::string risk_level = "low";  // low | medium | high
  double risk_weight = 1;
  std::uint64_t seed = 0;
  double time_scale = 1;
  std::string accept_irreversible;  // the sentence written for it; empty = not accepted
  Duration baseline;                // how long the steady state is watched before the first fault
  Duration recover_within;          // steady again, counted from the end of the last fault
  std::vector<PlannedCheck> checks;
  std::vector<PlannedFault> faults;
  std::vector<StopCondition> stops;
  std::vector<std::string> fingerprint_files;  // files whose hash and mode must be as before
};

json::object to_json(const Plan& plan);
Result<Plan> plan_from_json(const json::object& object);
// SHA-256 over the canonical JSON.
std::string hash(const Plan& plan);
std::string_view demand_name(Demand demand);
std::string_view gate_name(Gate gate);

}  // namespace squall::scenario
