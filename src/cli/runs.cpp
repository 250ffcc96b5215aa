// squall runs: what was run, and what came of it.
//
// The ledger is the record; run folders that are not in it are shown as well: a run that goes on,
// one whose runner was killed, one that was not to be recorded.
#include <algorithm>
#include <set>

#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/places.h"
#include "cli/standing.h"
#include "cli/table.h"
#include "core/text.h"
#include "engine/verdict.h"
#include "sys/file.h"

namespace squall::cli {
namespace {

struct Words {
  std::string state;
  std::int64_t limit = 20;
  bool as_json = false;
  bool ids_only = false;
};

struct Listed {
  std::string id;
  std::string wall;
  std::string scenario;
  std::string outcome;
  std::optional<Duration> duration;
  std::string learnt;
  bool is_in_ledger = false;
  json::object row;  // for --json
};

json::object row_json(const ledger::Row& row) {
  return {{"number", row.number},
          {"run", row.run.id},
          {"wall", row.run.wall},
          {"scenario", row.run.scenario},
          {"plan_hash", row.run.plan_hash},
          {"seed", std::to_string(row.run.seed)},
          {"verdict", row.run.outcome},
          {"exit_code", row.run.exit_code},
          {"learnt", row.run.learnt},
          {"duration_ms", row.run.duration.milliseconds()},
          {"timeline", row.run.timeline_path},
          {"host", row.run.host},
          {"hash", row.hash},
          {"in_ledger", true}};
}

Listed from_row(const ledger::Row& row) {
  return {row.run.id,     row.run.wall, row.run.scenario, row.run.outcome, row.run.duration,
          row.run.learnt, true,         row_json(row)};
}

// A run as its timeline tells it; one that cannot be read is listed all the same.
Listed from_folder(const std::string& state, const std::string& id, bool goes_on) {
  Listed listed{.id = id, .outcome = goes_on ? "going on" : "unfinished"};
  const Result<std::vector<engine::Event>> timeline =
      engine::read_timeline(timeline_path(state, id));
  if (!timeline.ok() || timeline->empty()) {
    listed.learnt = timeline.ok() ? "its timeline is empty" : timeline.error().render();
  } else {
    const engine::Event& first = timeline->front();
    const engine::Event& last = timeline->back();
    listed.wall = text_at(first, "wall");
    listed.scenario = text_at(first, "scenario");
    listed.duration = nanoseconds(integer_at(last, "t_ns"));
    if (text_at(last, "event") == "run_ended") {
      listed.outcome = text_at(last, "verdict");
      listed.learnt = text_at(last, "learnt");
    } else if (!goes_on) {
      listed.learnt = engine::judge(*timeline).learnt;
    }
  }
  listed.row = {{"run", id},
                {"wall", listed.wall},
                {"scenario", listed.scenario},
                {"verdict", listed.outcome},
                {"learnt", listed.learnt},
                {"timeline", timeline_path(state, id)},
                {"in_ledger", false}};
  return listed;
}

Result<std::vector<Listed>> list_runs(const std::string& state, std::size_t limit) {
  TRY_VOID(check_can_look_into(state));
  std::vector<Listed> runs;
  std::set<std::string> recorded;
  if (sys::exists(ledger_path(state))) {
    const std::unique_ptr<ledger::Ledger> ledger = TRY(open_ledger(state));
    for (const ledger::Row& row : TRY(ledger->list(limit))) {
      recorded.insert(row.run.id);
      runs.push_back(from_row(row));
    }
  }
  std::set<std::string> connected;
  if (const Result<Standing> standing = look_at_standing(state)) {
    for (const ConnectedRun& run : standing->runs) connected.insert(run.run);
  }
  const bool shows_whole_ledger = runs.size() < limit;
  std::size_t others = 0;
  for (const std::string& id : list_run_folders(state)) {
    if (recorded.contains(id)) continue;
    // Older than all that is shown of the ledger: it may well stand further down in it.
    if (others == limit || (!shows_whole_ledger && id < runs.back().id)) break;
    runs.push_back(from_folder(state, id, connected.contains(id)));
    ++others;
  }
  std::sort(runs.begin(), runs.end(), [](const Listed& a, const Listed& b) { return a.id > b.id; });
  if (runs.size() > limit) runs.resize(limit);
  return runs;
}

Colour colour_of(const std::string& outcome) {
  if (outcome == "held") return Colour::good;
  if (outcome == "refuted" || outcome == "invalid") return Colour::bad;
  return Colour::warning;
}

std::string render_list(const std::vector<Listed>& runs, const Style& style) {
  Table table{{"run", "verdict", "took", "what was learnt"}, {}};
  for (const Listed& run : runs) {
    const bool is_finished = run.outcome != "going on" && run.outcome != "unfinished";
    const std::string note = run.is_in_ledger || !is_finished ? "" : " (not in the ledger)";
    table.rows.push_back({{printable(run.id), Colour::accent},
                          {printable(run.outcome), colour_of(run.outcome)},
                          {run.duration ? render_rounded(*run.duration) : "", Colour::plain},
                          {printable(run.learnt) + note, Colour::plain}});
  }
  return render_table(table, style);
}

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  const std::string state = state_folder(words.state);
  const Result<std::vector<Listed>> runs =
      list_runs(state, static_cast<std::size_t>(std::max<std::int64_t>(words.limit, 1)));
  if (!runs.ok()) return console.complain(runs.error());
  if (words.as_json) {
    json::array rows;
    for (const Listed& run : *runs) rows.push_back(run.row);
    console.print_json(rows);
  } else if (words.ids_only) {
    for (const Listed& run : *runs) console.print_line(printable(run.id));
  } else if (runs->empty()) {
    console.print_line("nothing was run with the state folder " + printable(state) + " yet");
  } else {
    console.print(render_list(*runs, console.style()));
  }
  return exit_held;
}

}  // namespace

Command runs_command() {
  return command<Words>(
      {.name = "runs",
       .about = "Lists the runs, the newest first, with their verdicts and what was learnt.",
       .examples = {"squall runs --limit 5", "squall show last"}},
      {option("--limit", "N", &Words::limit, "At most so many; 20 if not given."),
       option("--state", "DIR", &Words::state, state_about),
       flag("--json", &Words::as_json, "Says it as JSON."),
       flag("--ids", &Words::ids_only, "Only the names, one a line, for scripts.")},
      execute);
}

}  // namespace squall::cli
