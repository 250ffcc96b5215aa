#include "cli/record.h"

#include "cli/places.h"
#include "engine/story.h"
#include "sys/file.h"

namespace squall::cli {

Result<ledger::Run> ledger_run(const std::string& run, const std::string& timeline_path,
                               const engine::RunResult& result) {
  const engine::Story story = engine::read_story(result.timeline);
  ledger::Run row;
  row.id = run;
  row.wall = text_at(story.started, "wall");
  row.scenario = story.plan.name;
  row.plan_hash = text_at(story.started, "plan_hash");
  row.seed = story.plan.seed;
  row.outcome = engine::outcome_name(result.verdict.outcome);
  row.exit_code = engine::exit_code(result.verdict.outcome);
  row.learnt = result.verdict.learnt;
  row.duration = nanoseconds(story.last_ns);
  row.timeline_path = TRY(sys::real_path(timeline_path));
  row.timeline_sha256 = TRY(sys::file_sha256(timeline_path));
  row.verdict = canonical_json(engine::to_json(result.verdict));
  row.plan = canonical_json(scenario::to_json(story.plan));
  if (const json::object* host = object_at(story.started, "host")) {
    row.host = text_at(*host, "name");
  }
  return row;
}

Status record_run(const std::string& state, const std::string& run,
                  const engine::RunResult& result) {
  const ledger::Run row = TRY(ledger_run(run, timeline_path(state, run), result));
  const std::unique_ptr<ledger::Ledger> ledger = TRY(open_or_make_ledger(state));
  TRY_VOID(ledger->append(row));
  return ok();
}

}  // namespace squall::cli
