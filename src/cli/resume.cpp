// squall resume: runs may start again after a halt.
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/places.h"
#include "cli/standing.h"
#include "guardian/state.h"

namespace squall::cli {
namespace {

struct Words {
  std::string state;
};

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  const std::string state = state_folder(words.state);
  if (const Status seen = check_can_look_into(state); !seen.ok()) {
    return console.complain(Error(seen.error()).while_doing("allowing runs again"));
  }
  if (!guardian::stop_reason(state)) {
    console.print_line("runs are not halted");
    return exit_held;
  }
  const Status cleared = guardian::clear_stop(state);
  if (!cleared.ok()) {
    return console.complain(Error(cleared.error()).while_doing("allowing runs again"));
  }
  console.print_line("runs are allowed again");
  const Result<Standing> standing = look_at_standing(state);
  if (standing.ok() && !standing->changes.empty()) {
    console.print(
        "something is still in force, and no run starts before it is undone: squall status\n");
  }
  return exit_held;
}

}  // namespace

Command resume_command() {
  return command<Words>({.name = "resume", .about = "Allows runs again after a halt."},
                        {option("--state", "DIR", &Words::state, state_about)}, execute);
}

}  // namespace squall::cli
