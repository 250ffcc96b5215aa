// squall report: one run, for people who were not there.
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/places.h"
#include "cli/reporting.h"

namespace squall::cli {
namespace {

struct Words {
  std::string run = "last";
  std::string format = "html";
  std::string out;
  std::string state;
};

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  const std::string state = state_folder(words.state);
  const Result<FoundRun> found = read_run(state, words.run);
  if (!found.ok()) return console.complain(found.error());
  const Result<std::string> report = render_report(words.format, found->timeline);
  if (!report.ok()) return console.complain(report.error());
  std::string path = words.out;
  // A page of HTML in a terminal helps nobody.
  if (path.empty() && words.format == "html") path = report_path(state, found->id);
  if (path.empty() || path == "-") {
    console.print(*report);
    return exit_held;
  }
  const Status written = write_output(path, *report);
  if (!written.ok()) {
    return console.complain(Error(written.error())
                                .while_doing("writing the report")
                                .advise("name another place: --out FILE, or - for the output"));
  }
  console.print_line(path);
  return exit_held;
}

}  // namespace

Command report_command() {
  return command<Words>(
      {.name = "report",
       .about = "Writes the report of a run: a page with a timeline plot, or text for machines.",
       .details = "Without --out, html is written beside the run's timeline and its path is "
                  "printed; the other formats are printed themselves.",
       .examples = {"squall report last", "squall report last --format junit --out drill.xml"}},
      {optional_argument("RUN", &Words::run,
                         "Its name, the beginning of it, or last; last if not given."),
       option("--format", "FORMAT", &Words::format,
              "html, markdown, json or junit; html if not given.")
           .offering(report_formats()),
       option("--out", "FILE", &Words::out, "Where to; - prints it."),
       option("--state", "DIR", &Words::state, state_about)},
      execute);
}

}  // namespace squall::cli
