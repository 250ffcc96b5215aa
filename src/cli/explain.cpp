// squall explain: what a run would do on this host, found out without touching it.
#include "cli/commands.h"
#include "cli/documents.h"
#include "cli/explanation.h"
#include "cli/places.h"

namespace squall::cli {
namespace {

struct Words : DocumentWords {
  std::string scenario;
  bool as_json = false;
};

int execute(const Words& words, const Context& context) {
  const Result<Loaded> loaded = load_scenario(words.scenario, words, 0);
  if (!loaded.ok()) return context.console.complain(loaded.error());
  if (!loaded->plan) return complain_of_mistakes(context.console, loaded->mistakes);
  tell_notes(context.console, *loaded);
  const Explanation explanation(*loaded->plan, environment_of(state_folder("")), loaded->protect);
  if (words.as_json) {
    context.console.print(pretty_json(explanation.as_json()) + "\n");
  } else {
    context.console.print(explanation.as_text(context.console.style()));
  }
  return explanation.is_possible() ? exit_held : exit_unsupported;
}

}  // namespace

Command explain_command() {
  return command<Words>(
      {.name = "explain",
       .about = "Says what a run would do here: each change, how it is undone, what it needs.",
       .details =
           "Looks at this host, and touches nothing. Ends with 0 when everything is possible "
           "here, with 3 when something is missing or the guardian would refuse it.",
       .examples = {"squall explain redis-kill.yaml --targets targets.yaml"}},
      and_document_words<Words>({argument("SCENARIO", &Words::scenario, "The scenario."),
                                 flag("--json", &Words::as_json, "Says it as JSON.")}),
      execute);
}

}  // namespace squall::cli
