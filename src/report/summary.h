// The summary that a terminal shows at the end of a run.
#pragma once

#include <string>

#include "engine/verdict.h"
#include "report/report.h"

namespace squall::report {

// Four steps, the verdict, its reasons, and what was learnt; lines end in newlines. Control
// characters of the timeline never reach the terminal. `colour` adds ANSI colours.
std::string summary(const Timeline& timeline, const engine::Verdict& verdict, bool colour);

}  // namespace squall::report
