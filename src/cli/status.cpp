// squall status: what is in force on this host, and how each of it is undone.
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/standing.h"

namespace squall::cli {
namespace {

struct Words {
  std::string state;
  bool as_json = false;
};

int execute(const Words& words, const Context& context) {
  const Result<Standing> standing = look_at_standing(state_folder(words.state));
  if (!standing.ok()) return context.console.complain(standing.error());
  if (words.as_json) {
    context.console.print_json(to_json(*standing));
  } else {
    context.console.print(render_standing(*standing, context.console.style()));
  }
  return standing->journal_is_whole ? exit_held : exit_aborted;
}

}  // namespace

Command status_command() {
  return command<Words>(
      {.name = "status",
       .about = "Says what is in force, how each is undone, who runs, and whether runs are halted.",
       .details =
           "Starts nothing and changes nothing. Where no guardian runs, the journal is read. Ends "
           "with 0 when it can be told what is in force, and with 3 or 6 when it cannot."},
      {option("--state", "DIR", &Words::state, state_about),
       flag("--json", &Words::as_json, "Says it as JSON.")},
      execute);
}

}  // namespace squall::cli
