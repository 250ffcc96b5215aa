#include "cli/places.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "guardian/state.h"
#include "sys/file.h"

namespace squall::cli {

std::string state_folder(const std::string& given) {
  return given.empty() ? guardian::default_state_folder() : given;
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
  if (!sys::exists(ledger_path(state))) {
    return error(Code::not_found, fmt::format("there is no ledger in {}", state),
                 "nothing was run with this state folder yet; name another one with --state DIR");
  }
  return open_or_make_ledger(state);
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

Result<FoundRun> read_run(const std::string& state, std::string_view name) {
  FoundRun found;
  found.id = TRY(find_run(state, name));
  found.timeline_path = timeline_path(state, found.id);
  if (!sys::exists(found.timeline_path) && sys::exists(ledger_path(state))) {
    const std::unique_ptr<ledger::Ledger> ledger = TRY(open_ledger(state));
    found.timeline_path = TRY(ledger->find(found.id))
    .run.timeline_path;
  }
  if (found.timeline_path.empty() || !sys::exists(found.timeline_path)) {
    return error(Code::not_found, fmt::format("the timeline of {} is no longer there", found.id),
                 "the ledger still knows its verdict: squall runs --json");
  }
  found.timeline = TRY(engine::read_timeline(found.timeline_path));
  return found;
}

}  // namespace squall::cli
