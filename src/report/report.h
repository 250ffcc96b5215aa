// Reports of one run, each made from its timeline and its verdict alone and each a pure function:
// the same run always gives the same bytes.
//
// Every text in a timeline is hostile (targets answer what they like): it is escaped for the format
// it goes into, and control characters never get through.
#pragma once

#include <string>
#include <vector>

#include "engine/timeline.h"
#include "engine/verdict.h"

namespace squall::report {

using Timeline = std::vector<engine::Event>;

// One self-contained page: no script, nothing loaded, light or dark as the reader's system is.
std::string html(const Timeline& timeline, const engine::Verdict& verdict);
// For a pull request or a wiki (CommonMark with tables).
std::string markdown(const Timeline& timeline, const engine::Verdict& verdict);
// For machines: the run, the verdict, the faults with their changes, and the plan. Times in
// nanoseconds since the start of the run.
std::string json_document(const Timeline& timeline, const engine::Verdict& verdict);
// For continuous integration: one case for the verdict and one for each witness, change, check and
// gate. A broken demand is a failure; invalid, inconclusive and aborted are errors, so that they
// never look like a pass; unsupported is skipped, and so is what was not decided.
std::string junit(const Timeline& timeline, const engine::Verdict& verdict);

}  // namespace squall::report
