// squall recover: undoes what is in force although everything of squall is dead.
//
// The guardian's own program does it, in its mode that replays the journal once and ends: nothing
// but the guardian touches the host, and no daemon is left behind by a boot.
#include <fmt/core.h>

#include "cli/commands.h"
#include "cli/places.h"
#include "cli/standing.h"
#include "core/text.h"
#include "engine/words.h"
#include "guardian/client.h"
#include "guardian/state.h"
#include "sys/command.h"
#include "sys/file.h"

namespace squall::cli {
namespace {

constexpr Duration recover_limit = seconds(55);  // a boot unit gives a minute

struct Words {
  std::string state;
  bool at_boot = false;
};

// Recovering is for what nobody looks after; what a living guardian keeps is not lost.
int tell_of_guardian(const Standing& standing, const Console& console) {
  const auto count = static_cast<std::int64_t>(standing.changes.size());
  const std::string who = fmt::format("a guardian runs (pid {})", standing.guardian_pid);
  if (!standing.journal_is_whole) {
    return console.complain(error(
        Code::conflict, who + ", and the journal it works with lost records",
        "end the runs that go on; the guardian leaves some seconds later, then: squall recover"));
  }
  if (count == 0) {
    console.print_line(who + " and keeps nothing in force: there is nothing to recover");
    return exit_held;
  }
  console.print_line(
      fmt::format("{} and looks after {} in force, which it undoes when their runs "
                  "end or die",
                  who, engine::say_count(count, "change")));
  console.print_line("to undo everything at once: squall halt");
  return exit_held;
}

Result<sys::CommandResult> replay_journal(const std::string& state) {
  const std::string program = TRY(guardian::find_guardian_program());
  sys::Patience patience(recover_limit);
  return sys::run_command({.argv = {program, "recover", "--state", state}}, patience);
}

void print_lines(const Console& console, const std::string& text, bool is_error) {
  for (const std::string& line : split(trim(text), '\n')) {
    if (line.empty()) continue;
    is_error ? console.print_error(printable(line) + "\n") : console.print_line(printable(line));
  }
}

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  const std::string state = state_folder(words.state);
  const Result<Standing> standing = look_at_standing(state);
  if (!standing.ok()) return console.complain(standing.error());
  const bool has_journal = sys::exists(state + "/journal") || sys::exists(state + "/journal.copy");
  if (!has_journal) {
    if (!words.at_boot) console.print_line("nothing to recover: there is no journal in " + state);
    return exit_held;
  }
  if (standing->guardian_pid != 0) return tell_of_guardian(*standing, console);

  const Result<sys::CommandResult> replayed = replay_journal(state);
  if (!replayed.ok()) return console.complain(replayed.error());
  print_lines(console, replayed->output, false);
  print_lines(console, replayed->error_output, true);
  if (replayed->end == sys::CommandResult::End::timed_out) {
    return console.complain(
        error(Code::timed_out, fmt::format("the undo took longer than {}", render(recover_limit)),
              "what is left stays in the journal: squall status"));
  }
  if (replayed->end != sys::CommandResult::End::exited || replayed->exit_code != 0) {
    return exit_refuted;
  }
  if (!words.at_boot) console.print_line("nothing is in force any more");
  return exit_held;
}

}  // namespace

Command recover_command() {
  return command<Words>(
      {.name = "recover",
       .about = "Undoes what was left in force when everything of squall died.",
       .details = "Replays the journal once. Any other command that needs a guardian does the same "
                  "when it starts one; this is for boot units and for certainty."},
      {option("--state", "DIR", &Words::state, state_about),
       flag("--boot", &Words::at_boot, "Says nothing when there is nothing to do.")},
      execute);
}

}  // namespace squall::cli
