// squall check: is this scenario sound? Touches nothing, and needs no rights.
#include <algorithm>

#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/documents.h"

namespace squall::cli {
namespace {

struct Words : DocumentWords {
  std::vector<std::string> files;
};

int execute(const Words& words, const Context& context) {
  int code = exit_held;
  Diagnostics mistakes;
  for (const std::string& file : words.files) {
    const Result<Loaded> loaded = load_scenario(file, words, 0);
    if (!loaded.ok()) {
      code = std::max(code, context.console.complain(loaded.error()));
    } else if (!loaded->plan) {
      mistakes.merge(loaded->mistakes);
    } else {
      context.console.print_line(
          fmt::format("{}: sound, plan {}", file, scenario::hash(*loaded->plan)));
    }
  }
  return mistakes.empty() ? code : complain_of_mistakes(context.console, mistakes);
}

}  // namespace

Command check_command() {
  return command<Words>(
      {.name = "check",
       .about =
           "Says whether scenarios are sound: every mistake at once, with its place and a hint.",
       .details = "Touches nothing and looks at nothing but the files. The hash that is printed is "
                  "that of the plan with seed 0; a run says its own.",
       .examples = {"squall check catalogue/*/*.yaml --targets targets.yaml"}},
      and_document_words<Words>({argument("FILE", &Words::files, "The scenarios.")}), execute);
}

}  // namespace squall::cli
