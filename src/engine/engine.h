// The engine runs a plan and appends to a timeline; it judges nothing (verdict.h does).
//
// The life of a run: needs and gates -> baseline (the steady state must hold, the host's
// fingerprint is taken) -> faults by the clock, each witnessed -> recovery (every fault ended, the
// steady state must hold again) -> restore (everything reverted and verified, the fingerprint must
// equal the first) -> verdict. Checks are probed throughout, open-loop, on absolute deadlines.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "engine/timeline.h"
#include "engine/verdict.h"
#include "faults/fault.h"
#include "guardian/client.h"
#include "probes/probe.h"
#include "scenario/plan.h"
#include "sys/host.h"
#include "witness/witness.h"

namespace squall::engine {

// What a run works with. The catalogues are given, so that tests can bring their own.
struct Environment {
  const fault::Catalogue* faults = nullptr;
  const probe::Catalogue* probes = nullptr;
  const witness::Catalogue* witnesses = nullptr;
  guardian::Launch guardian;
};

struct RunOptions {
  std::string run_id;         // must be new; make_run_id() makes one
  std::string timeline_path;  // empty = in memory only
  Duration lease = seconds(2);
  std::string ssh_connection;  // the value of SSH_CONNECTION, so that the session is never cut
  std::vector<std::string> protected_paths = {};  // by the target maps: never touched
  std::string version;
  // How the run was asked for, so that a report can say how to make it again: the scenario's file,
  // and the words after it that name target maps and settings.
  std::string file;
  std::vector<std::string> arguments;
  std::function<void(const Event&)> observer;  // called from several threads, one at a time
  std::stop_token stop;                        // an operator's Ctrl-C: undo and end as aborted
};

struct RunResult {
  Verdict verdict;
  std::vector<Event> timeline;
};

// "20260301-120000.123-redis-kill-3f2a": sorts by time, names the scenario, unique on this host.
std::string make_run_id(const scenario::Plan& plan);

// Errors only when no timeline could be begun; whatever happens after that is in the verdict.
Result<RunResult> run(const scenario::Plan& plan, const Environment& environment,
                      const RunOptions& options);

// What a fault would do now, found out without touching anything: for explain and for dry runs.
struct Rehearsal {
  std::string fault;  // PlannedFault::id
  std::vector<sys::Need> needs;
  Result<fault::Strike> strike;  // the first strike, or why it cannot be planned
};
std::vector<Rehearsal> rehearse(const scenario::Plan& plan, const Environment& environment);

// What is rehearsed, in the order in which a run would make and end it, for the guardian to judge.
// A change of it is called after its fault: fault_of_change() gives the name back.
std::vector<guardian::Step> steps_of(const scenario::Plan& plan, const Environment& environment,
                                     const std::vector<Rehearsal>& rehearsals);
std::string fault_of_change(const std::string& change);

}  // namespace squall::engine
