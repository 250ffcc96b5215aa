// Where a state folder keeps what, and how what was kept is found again.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "engine/timeline.h"
#include "ledger/ledger.h"

namespace squall::cli {

// What the help says of --state.
inline constexpr std::string_view state_about =
    "The state folder; else SQUALL_STATE, else /var/lib/squall for root and ~/.local/state/squall "
    "for others.";
// `given` is the value of --state; empty means the default of guardian/state.h.
std::string state_folder(const std::string& given);

// Whether this user may see what the folder holds; one that is not there holds nothing.
// Code::refused says that nothing can be told of it.
Status check_can_look_into(const std::string& state);

std::string runs_folder(const std::string& state);
std::string run_folder(const std::string& state, const std::string& run);
std::string timeline_path(const std::string& state, const std::string& run);
std::string report_path(const std::string& state, const std::string& run);
std::string ledger_path(const std::string& state);

// For reading; only where there is one.
Result<std::unique_ptr<ledger::Ledger>> open_ledger(const std::string& state);
Result<std::unique_ptr<ledger::Ledger>> open_or_make_ledger(const std::string& state);

// Ids of the runs that have a folder, the newest first. Some may not be in the ledger: those that
// go on now, those whose runner was killed, and those that were not to be recorded.
std::vector<std::string> list_run_folders(const std::string& state);

// The id that `name` means: an id, the beginning of one if only one run begins so, or "last".
Result<std::string> find_run(const std::string& state, std::string_view name);

// A run as its timeline tells it, whether it is in the ledger or not.
struct FoundRun {
  std::string id;
  std::string timeline_path;
  std::vector<engine::Event> timeline;
};
Result<FoundRun> read_run(const std::string& state, std::string_view name);

}  // namespace squall::cli
