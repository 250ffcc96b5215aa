// Puts a finished run on record.
#pragma once

#include <string>

#include "core/result.h"
#include "engine/engine.h"
#include "ledger/ledger.h"

namespace squall::cli {

// The row of a run: everything in it is taken from the timeline, its verdict and its file.
Result<ledger::Run> ledger_run(const std::string& run, const std::string& timeline_path,
                               const engine::RunResult& result);

// Adds it to the ledger of the state folder.
Status record_run(const std::string& state, const std::string& run,
                  const engine::RunResult& result);

}  // namespace squall::cli
