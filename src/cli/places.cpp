#include "cli/places.h"

#include <algorithm>
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "cli/aftermath.h"
#include "core/text.h"
#include "guardian/state.h"
#include "sys/file.h"

namespace squall::cli {

std::string state_folder(const std::string& given) {
  return given.empty() ? guardian::default_state_folder() : given;
}

Status check_can_look_into(const std::string& state) {
  struct stat status {};
  if (::stat(state.c_str(), &status) == 0) {
    if (!S_ISDIR(status.st_mode)) {
      return error(Code::conflict,
                   fmt::format("the state folder {} is no folder", printable(state)),
                   "name another one with --state DIR");
    }
    if (::faccessat(AT_FDCWD, state.c_str(), R_OK | X_OK, AT_EACCESS) == 0) return ok();
  }
  if (errno == ENOENT) return ok();
  return errno_error(errno, fmt::format("looking into the state folder {}", printable(state)))
      .advise(
          "ask as the user who owns it, for example with sudo, or name another one with --state "
          "DIR");
}

std::string runs_folder(const std::string& state) {
  return state + "/runs";
}

std::string run_folder(const std::string& state, const std::string& run) {
  return runs_folder(state) + "/" + run;
}

std::string timeline_path(const std::string& state, const std::string& run) {
  return run_folder(state, run) + "/timeline.jsonl";
}

std::string report_path(const std::string& state, const std::string& run) {
  return run_folder(state, run) + "/report.html";
}

std::string ledger_path(const std::string& state) {
  return state + "/ledger.sqlite";
}

Result<std::unique_ptr<ledger::Ledger>> open_ledger(const std::string& state) {
  return ledger::open_sqlite_for_reading(ledger_path(state));
}

Result<std::unique_ptr<ledger::Ledger>> open_or_make_ledger(const std::string& state) {
  return ledger::open_sqlite(ledger_path(state));
}

std::vector<std::string> list_run_folders(const std::string& state) {
  Result<std::vector<std::string>> names = sys::list_subfolders(runs_folder(state));
  if (!names.ok()) return {};
  std::vector<std::string> runs = std::move(names).value();
  std::erase_if(runs,
                [&](const std::string& run) { return !sys::exists(timeline_path(state, run)); });
  std::sort(runs.rbegin(), runs.rend());  // the names begin with their time
  return runs;
}

Result<std::string> find_run(const std::string& state, std::string_view name) {
  TRY_VOID(check_can_look_into(state));
  std::vector<std::string> runs = list_run_folders(state);
  if (sys::exists(ledger_path(state))) {
    const std::unique_ptr<ledger::Ledger> ledger = TRY(open_ledger(state));
    for (ledger::Row& row : TRY(ledger->list(1'000'000))) {
      if (std::find(runs.begin(), runs.end(), row.run.id) == runs.end()) {
        runs.push_back(std::move(row.run.id));
      }
    }
    std::sort(runs.rbegin(), runs.rend());
  }
  const std::string advice = "for those there are: squall runs";
  if (name == "last" && !runs.empty()) return runs.front();
  std::vector<std::string> matches;
  for (const std::string& run : runs) {
    if (run == name) return run;
    if (!name.empty() && run.starts_with(name)) matches.push_back(run);
  }
  if (matches.size() == 1) return matches.front();
  if (matches.empty()) {
    return error(Code::not_found, fmt::format("there is no run {} in {}", quote(name), state),
                 advice);
  }
  return error(Code::invalid, fmt::format("{} runs begin with {}", matches.size(), quote(name)),
               advice);
}

namespace {

Result<std::optional<ledger::Row>> find_row(const std::string& state, const std::string& run) {
  if (!sys::exists(ledger_path(state))) return std::optional<ledger::Row>();
  const std::unique_ptr<ledger::Ledger> ledger = TRY(open_ledger(state));
  Result<ledger::Row> row = ledger->find(run);
  if (row.ok() && row->run.id == run) return std::optional(std::move(*row));
  if (!row.ok() && row.error().code != Code::not_found) return std::move(row).error();
  return std::optional<ledger::Row>();
}

// What a timeline tells counts only while it is the one that the ledger knows.
Status check_timeline(const std::string& path, const ledger::Run& run) {
  if (TRY(sys::file_sha256(path)) == run.timeline_sha256) return ok();
  return error(Code::conflict,
               fmt::format("the timeline {} was changed after it was written, so nothing is told "
                           "from it; the ledger knows its verdict: {}. {}",
                           path, run.outcome, run.learnt),
               "bring the file back from a copy; for what else was changed: squall ledger verify");
}

}  // namespace

Result<FoundRun> read_run(const std::string& state, std::string_view name) {
  FoundRun found;
  found.id = TRY(find_run(state, name));
  found.timeline_path = timeline_path(state, found.id);
  const std::optional<ledger::Row> row = TRY(find_row(state, found.id));
  if (row && !sys::exists(found.timeline_path)) found.timeline_path = row->run.timeline_path;
  if (found.timeline_path.empty() || !sys::exists(found.timeline_path)) {
    return error(Code::not_found, fmt::format("the timeline of {} is no longer there", found.id),
                 "the ledger still knows its verdict: squall runs --json");
  }
  if (row) TRY_VOID(check_timeline(found.timeline_path, row->run));
  found.timeline = TRY(engine::read_timeline(found.timeline_path));
  if (found.timeline.empty()) {
    return error(Code::failed,
                 fmt::format("the timeline of {} is empty: nothing can be told of it", found.id));
  }
  tell_aftermath(state, found.id, found.timeline);
  return found;
}

}  // namespace squall::cli
