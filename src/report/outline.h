// The outline is what every report for people says, in words and in order; the formats only lay it
// out. Texts are raw: each format escapes them for itself.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/story.h"
#include "engine/verdict.h"

namespace squall::report {

// One of the eight clocks.
struct ClockLine {
  std::string name;   // "first harm"
  std::string about;  // what happened then, in a few words
  std::optional<engine::Interval> at;
  std::string when;   // "1.95 to 2.01 s"; empty when it did not happen
  std::string since;  // "0.20 to 0.26 s after the command"
  std::string floor;  // how finely it could be known: "50 ms + 100 ms timeout (ping)"
};

struct CheckLine {
  std::string name;
  std::string demand;
  std::string samples;  // "80"
  std::string bad;
  std::string tainted;
  std::string harm_bound;  // "13 %"
  std::string p50;
  std::string p90;
  std::string p99;
  std::string max;
  std::string floor;
  bool has_bad = false;
};

struct GateLine {
  std::string gate;
  std::string check;
  bool met = false;
  std::string result;  // "1.2 to 1.3 s after the command", or why not
  std::string limit;
};

struct ChangeLine {
  std::string describe;
  std::string keeping;
  std::string undo;
  std::string ending;  // "restored, at 4.001 s"
  bool is_undone = false;
};

struct WitnessLine {
  std::string witness;
  std::string edge;  // "saw it begin", "did not see it end"
  std::string when;  // "0.8 to 1.3 ms after the command"
  std::string detail;
  bool was_seen = false;
};

struct DoseLine {
  std::string witness;
  std::string delivered;  // "cores: 1.98 (1.9 to 2), seen in 40 of 40 looks"
};

struct FaultPart {
  std::string id;
  std::string kind;
  std::vector<std::string> strikes;  // "redis-server (pid 4711), at 2.000 s"
  std::string asked;                 // its parameters, "signal SIGKILL, for 2 s"
  std::vector<ChangeLine> changes;
  std::vector<WitnessLine> witnesses;
  std::vector<DoseLine> doses;
};

struct Outline {
  std::string run;
  std::string scenario;
  std::string title;
  std::string hypothesis;
  std::string outcome;  // "held"
  std::string meaning;  // what that outcome means
  std::string learnt;
  std::vector<std::string> reasons;
  std::vector<ClockLine> clocks;  // always eight, in order
  std::vector<CheckLine> checks;
  std::vector<GateLine> gates;
  std::vector<FaultPart> faults;
  bool is_restored = false;
  std::string restored;  // one sentence about the fingerprint
  std::vector<std::string> differences;
  std::vector<std::pair<std::string, std::string>> environment;  // name and value
  std::vector<std::string> notes;
  std::string replay;  // the command that repeats the run
};

Outline make_outline(const engine::Story& story, const engine::Verdict& verdict);

// "signal SIGKILL, for 2 s": the parameters that say something.
std::string describe_params(const scenario::PlannedFault& fault);
// What a change came to.
std::string describe_ending(const engine::LivedChange& change);

}  // namespace squall::report
