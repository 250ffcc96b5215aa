// squall run: a scenario from its text to its verdict.
//
// All mistakes of the document come first, then a look at the host without touching it, and only
// then the run itself, which the engine makes. This file decides who watches: the live view, plain
// lines, or JSON lines for a machine.
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/explanation.h"
#include "cli/interrupts.h"
#include "cli/onlooker.h"
#include "cli/operator_session.h"
#include "cli/places.h"
#include "cli/record.h"
#include "cli/reporting.h"
#include "guardian/protocol.h"
#include "guardian/state.h"
#include "sys/file.h"
#include "sys/random.h"

namespace squall::cli {
namespace {

struct Words : DocumentWords {
  std::string scenario;
  bool is_dry = false;
  bool as_json = false;
  bool is_plain = false;
  Duration lease = seconds(2);
  std::string state;
  bool has_no_ledger = false;
  std::string report;
};

// What the words alone show to be wrong, before anything is done.
Status check_words(const Words& words) {
  if (words.lease < guardian::shortest_lease || words.lease > guardian::longest_lease) {
    return error(Code::invalid, fmt::format("--lease {} is out of bounds", render(words.lease)),
                 fmt::format("allowed: {} to {}", render(guardian::shortest_lease),
                             render(guardian::longest_lease)));
  }
  if (words.report.empty()) return ok();
  TRY_VOID(check_report_place(words.report), "looking where the report shall go");
  return ok();
}

// Short enough to be typed again from a screen, long enough to be unlike the last ones.
std::uint64_t fresh_seed() {
  return sys::random_bits() >> 32;
}

int dry_run(const Explanation& explanation, const Words& words, const Console& console) {
  if (words.as_json) {
    console.print_json(explanation.as_json());
  } else {
    console.print(explanation.as_text(console.style()));
  }
  return explanation.is_possible() ? exit_held : exit_unsupported;
}

// The folder of the run, which holds its timeline and its report.
Status make_run_folder(const std::string& state, const std::string& run) {
  TRY_VOID(guardian::prepare_state_folder(state));
  TRY_VOID(sys::make_folders(run_folder(state, run)), "making the folder of the run");
  return ok();
}

std::string answer_to(const std::string& signal, bool is_first) {
  return is_first ? signal + ": everything is undone now, then the run ends"
                  : signal +
                        ": the undo goes on and is not cut short; should this process be "
                        "killed, the guardian undoes what is left";
}

// The words of this command line that decide the plan, but for the seed and the time scale, which
// the plan itself holds.
std::vector<std::string> words_again(const Words& words) {
  std::vector<std::string> again;
  for (const std::string& file : words.targets) again.insert(again.end(), {"--targets", file});
  for (const std::string& setting : words.settings) again.insert(again.end(), {"--set", setting});
  return again;
}

struct Kept {
  std::string report;
  Status recorded = ok();
  Status reported = ok();
};

// What is kept of a run that is over.
Kept keep(const Words& words, const std::string& state, const std::string& run,
          const engine::RunResult& result) {
  Kept kept;
  kept.report = words.report.empty() ? report_path(state, run) : words.report;
  kept.reported = write_html_report(kept.report, result.timeline);
  if (!words.has_no_ledger) kept.recorded = record_run(state, run, result);
  return kept;
}

void tell_end(const Words& words, const engine::RunResult& result, const Kept& kept,
              const std::string& timeline, const Console& console) {
  if (!kept.recorded.ok()) {
    console.complain(Error(kept.recorded.error()).while_doing("adding the run to the ledger"));
  }
  if (!kept.reported.ok()) {
    console.complain(Error(kept.reported.error()).while_doing("writing the report"));
  }
  if (words.as_json) return;
  console.print("\n" + render_summary(result.timeline, console.style()));
  if (kept.reported.ok()) console.print_line("report:   " + kept.report);
  console.print_line("timeline: " + timeline);
}

int execute_plan(const Words& words, const Loaded& loaded, const engine::Environment& environment,
                 const Context& context) {
  const scenario::Plan& plan = *loaded.plan;
  const Console& console = context.console;
  const std::string& state = environment.guardian.state_folder;
  const std::string run = engine::make_run_id(plan);
  const Status made = make_run_folder(state, run);
  if (!made.ok()) return console.complain(made.error());
  const std::string timeline = timeline_path(state, run);
  const auto onlooker = make_onlooker({.as_json = words.as_json, .is_plain = words.is_plain},
                                      console, *environment.faults);
  const auto interrupts =
      Interrupts::catch_all([&onlooker](const std::string& signal, bool is_first) {
        onlooker->remark(answer_to(signal, is_first));
      });
  if (!interrupts.ok()) return console.complain(interrupts.error());

  onlooker->begin(run, plan);
  const Result<engine::RunResult> result =
      engine::run(plan, environment,
                  {.run_id = run,
                   .timeline_path = timeline,
                   .lease = words.lease,
                   .ssh_connection = find_ssh_connection(),
                   .protected_paths = loaded.protect,
                   .version = context.version,
                   .file = words.scenario,
                   .arguments = words_again(words),
                   .observer = [&](const engine::Event& event) { onlooker->read(event); },
                   .stop = (*interrupts)->stop()});
  if (!result.ok()) return console.complain(result.error());
  const Kept kept = keep(words, state, run, *result);
  onlooker->end(result->verdict, timeline);
  tell_end(words, *result, kept, timeline, console);
  const int code = engine::exit_code(result->verdict.outcome);
  // The verdict stands as it was told; but a run that leaves no trace of it is no success.
  const bool is_kept = kept.recorded.ok() && kept.reported.ok();
  return is_kept || code != exit_held ? code : exit_aborted;
}

int execute(const Words& given, const Context& context) {
  Words words = given;
  words.demand_secrets = !words.is_dry;
  if (const Status sound = check_words(words); !sound.ok()) {
    const int code = context.console.complain(sound.error());
    context.console.print_error("squall: nothing was touched\n");
    return code;
  }
  const Result<Loaded> loaded = load_scenario(words.scenario, words, fresh_seed());
  if (!loaded.ok()) return context.console.complain(loaded.error());
  if (!loaded->plan) return complain_of_mistakes(context.console, loaded->mistakes);
  tell_notes(context.console, *loaded);
  const engine::Environment environment = environment_of(state_folder(words.state));
  const Explanation explanation(*loaded->plan, environment, loaded->protect);
  if (words.is_dry) return dry_run(explanation, words, context.console);
  if (const auto obstacle = explanation.find_obstacle()) {
    context.console.complain(*obstacle);
    context.console.print_error("squall: nothing was touched\n");
    return exit_unsupported;
  }
  if (const auto halted = guardian::stop_reason(environment.guardian.state_folder)) {
    context.console.complain(error(Code::refused, "runs are halted: " + *halted,
                                   "when it is safe again: squall resume"));
    return exit_aborted;
  }
  return execute_plan(words, *loaded, environment, context);
}

}  // namespace

Command run_command() {
  return command<Words>(
      {.name = "run",
       .about = "Runs a scenario: breaks, watches, undoes, and gives a verdict.",
       .details =
           "Ctrl-C undoes everything and ends the run as aborted. Whatever dies, the guardian "
           "undoes what is in force.",
       .examples = {"squall run redis-kill.yaml --targets targets.yaml",
                    "squall run redis-kill.yaml --set redis.port=7000 --seed 42",
                    "squall run redis-kill.yaml --dry-run"}},
      and_document_words<Words>(
          {argument("SCENARIO", &Words::scenario, "The scenario."),
           flag("--dry-run", &Words::is_dry, "Says what the run would do, and touches nothing."),
           flag("--json", &Words::as_json,
                "Prints every event as a line of JSON, the verdict last, and nothing else."),
           flag("--plain", &Words::is_plain, "Plain lines in place of the live view."),
           option("--lease", "TIME", &Words::lease,
                  "How long the changes outlive a runner that hangs, 100 ms to 60 s; 2 s if not "
                  "given."),
           option("--state", "DIR", &Words::state, state_about),
           flag("--no-ledger", &Words::has_no_ledger, "Does not put the run on record."),
           option("--report", "FILE", &Words::report,
                  "Where the HTML report goes; else beside the run's timeline.")}),
      execute);
}

}  // namespace squall::cli
