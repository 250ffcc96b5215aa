// The command line of the guardian's program, shared by the one that ships and by those that tests
// build with other change kinds or with an observer that dies at a chosen step.
//
//   squall-guardian serve   --state DIR [--policy FILE] [--idle-ms N] [--ready-fd N] [--no-twin]
//   squall-guardian twin    --state DIR ... --guardian PID --start TICKS --pulse-fd N
//   squall-guardian recover --state DIR
#pragma once

#include <functional>

#include "change/executor.h"

namespace squall::guardian {

int guardian_main(int count, char** words, const change::Catalogue& kinds,
                  std::function<void(change::Step)> observer);

}  // namespace squall::guardian
