// The summary that a terminal shows at the end of a run.
#pragma once

#include <cstddef>
#include <string>

#include "engine/verdict.h"
#include "report/report.h"

namespace squall::report {

struct SummaryStyle {
  bool has_colour = false;  // adds ANSI colours
  std::size_t width = 0;    // columns that sentences are broken to; 0: as long as they are
};

// Four steps, the verdict, its reasons, and what was learnt; lines end in newlines. Control
// characters of the timeline never reach the terminal.
std::string summary(const Timeline& timeline, const engine::Verdict& verdict, SummaryStyle style);

}  // namespace squall::report
