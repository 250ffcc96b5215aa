// What a run would do, for the person who has to say yes to it: every change, how it is undone,
// what it needs, what is demanded, and who must approve. Made from a plan and from strikes that
// were planned against this host without touching it.
#pragma once

#include <string>
#include <vector>

#include "change/change.h"
#include "faults/fault.h"
#include "probes/probe.h"
#include "scenario/plan.h"
#include "sys/host.h"

namespace squall::scenario {

// What a fault would do first, or why that cannot be said.
struct PlannedStrike {
  std::string fault;  // its id in the plan
  Result<fault::Strike> strike;
};

struct Explained {
  const Plan& plan;
  const fault::Catalogue& faults;
  const change::Catalogue& changes;
  const probe::Catalogue& probes;
  const sys::HostFacts& host;
  const std::vector<PlannedStrike>& strikes;
};

// {"scenario", "title", "hypothesis", "hash", "seed", "time_scale", "risk", "approval",
//  "irreversible_accepted", "baseline", "faults_until", "recover_within", "possible",
//  "checks": [{"name", "list", "probe", "expectation", "every", "timeout", "within"}],
//  "faults": [{"id", "kind", "summary", "at", "for", "repeats", "asked", "target", "problem",
//  "next",
//    "irreversible", "limits", "needs": [{"what", "met", "reason"}],
//    "changes": [{"kind", "keeping", "does", "undo"}]}],
//  "stops": [text], "fingerprint_files": [text]}
// "at" counts from the end of the baseline, "faults_until" too.
json::object explain_json(const Explained& explained);

// The same as a page of at most `width` columns (longer words stand alone, and below 32 it gets no
// narrower), ending with a line feed.
std::string explain_text(const Explained& explained, std::size_t width = 80);

// "low" -> "your own approval is enough"
std::string approval_of(const std::string& risk_level);

}  // namespace squall::scenario
