// squall show: one run, as its summary said it.
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/reporting.h"

namespace squall::cli {
namespace {

struct Words {
  std::string run = "last";
  std::string state;
  bool as_json = false;
};

int execute(const Words& words, const Context& context) {
  const Result<FoundRun> found = read_run(state_folder(words.state), words.run);
  if (!found.ok()) return context.console.complain(found.error());
  if (words.as_json) {
    const Result<std::string> report = render_report("json", found->timeline);
    if (!report.ok()) return context.console.complain(report.error());
    context.console.print(*report);
    return exit_held;
  }
  context.console.print(render_summary(found->timeline, context.console.style()));
  context.console.print_line("timeline: " + found->timeline_path);
  return exit_held;
}

}  // namespace

Command show_command() {
  return command<Words>(
      {.name = "show",
       .about = "Shows one run: its verdict, its clocks, and what was learnt.",
       .details = "A run whose runner was killed is told as far as it came."},
      {optional_argument("RUN", &Words::run,
                         "Its name, the beginning of it, or last; last if not given."),
       option("--state", "DIR", &Words::state, state_about),
       flag("--json", &Words::as_json, "Says it as JSON, as squall report --format json does.")},
      execute);
}

}  // namespace squall::cli
