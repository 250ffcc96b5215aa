// squall halt: everything is undone, now, and nothing new starts.
//
// The emergency file is written first: a guardian sees it by itself, whatever becomes of this
// process. Then the guardian is asked as well, and started when there is none, so that what a dead
// one left is undone too. A file that cannot be written (a full disk) does not keep it from that.
#include <algorithm>

#include <fmt/core.h>
#include <unistd.h>

#include "change/journal.h"
#include "cli/commands.h"
#include "cli/places.h"
#include "cli/standing.h"
#include "core/text.h"
#include "engine/words.h"
#include "guardian/client.h"
#include "guardian/state.h"
#include "sys/clock.h"

namespace squall::cli {
namespace {

constexpr Duration undo_limit = seconds(30);
constexpr Duration look_pause = milliseconds(50);

struct Words {
  std::string state;
  std::vector<std::string> reason;
};

std::string reason_of(const Words& words) {
  const std::string who = fmt::format("halted by user {} at {}", ::getuid(), sys::wall_time_text());
  const std::string why = join(words.reason, " ");
  return why.empty() ? who : fmt::format("{} ({})", why, who);
}

// Asks until nothing is in force, or for the whole limit; the guardian tries again meanwhile.
Result<Standing> undo_everything(const std::string& state) {
  guardian::Client client =
      TRY(guardian::Client::connect_or_start({.state_folder = state}), "undoing everything");
  TRY_VOID(client.call({{"request", "revert_all"}}, undo_limit), "undoing everything");
  const Duration deadline = sys::monotonic_now() + undo_limit;
  while (true) {
    Standing standing = TRY(look_at_standing(state));
    if (standing.changes.empty() || sys::monotonic_now() >= deadline) return standing;
    sys::sleep_until(sys::monotonic_now() + look_pause);
  }
}

// How everything ended that was in force before.
void tell_endings(const std::vector<ChangeInForce>& before, const Standing& after,
                  const Console& console) {
  const Result<change::JournalContent> journal = change::read_journal(after.state);
  for (const ChangeInForce& change : before) {
    const bool remains = std::any_of(after.changes.begin(), after.changes.end(),
                                     [&](const ChangeInForce& one) { return one.id == change.id; });
    if (remains) continue;
    std::optional<std::string> ending;
    if (journal.ok()) ending = find_ending(journal->records, change.id);
    console.print_line(fmt::format("{}{}: {}", paint(console.style(), Colour::good, "undone: "),
                                   printable(change.describe),
                                   printable(ending.value_or("no longer in force"))));
  }
  for (const ChangeInForce& change : after.changes) {
    console.print_line(
        fmt::format("{}{}: {}; to undo: {}", paint(console.style(), Colour::bad, "not undone: "),
                    printable(change.describe), printable(change.problem), printable(change.undo)));
  }
}

int execute(const Words& words, const Context& context) {
  const Console& console = context.console;
  const std::string state = state_folder(words.state);
  Status raised = guardian::prepare_state_folder(state);
  std::vector<ChangeInForce> before;
  if (const Result<Standing> standing = look_at_standing(state)) before = standing->changes;
  if (raised.ok()) raised = guardian::raise_stop(state, reason_of(words));
  if (!raised.ok()) {
    console.complain(Error(raised.error()).while_doing("refusing new runs"));
  }
  const Result<Standing> after = undo_everything(state);
  if (!after.ok()) return console.complain(after.error());
  tell_endings(before, *after, console);
  if (before.empty() && after->changes.empty() && after->journal_is_whole) {
    console.print_line("nothing was in force");
  }
  if (!after->changes.empty()) {
    console.complain(error(
        Code::failed,
        fmt::format("{} could not be undone within {}",
                    engine::say_count(static_cast<std::int64_t>(after->changes.size()), "change"),
                    render(undo_limit)),
        "the guardian goes on trying; to see what blocks it: squall status"));
    return exit_refuted;
  }
  if (!after->journal_is_whole) {
    console.complain(error(Code::failed,
                           "what squall knows of is undone, but the journal lost records: more may "
                           "be in force",
                           "look at the host yourself; to see what was lost: squall recover"));
    return exit_refuted;
  }
  if (!raised.ok()) return exit_refuted;
  console.print_line("new runs are refused until: squall resume");
  return exit_held;
}

}  // namespace

Command halt_command() {
  return command<Words>(
      {.name = "halt",
       .about = "Undoes everything that is in force, now, and refuses new runs until resume.",
       .details = "Comes back when nothing is in force any more. Runs that go on end as aborted. "
                  "Without squall at hand, touch STOP in the state folder does the same while a "
                  "guardian runs.",
       .examples = {"squall halt", "squall halt the checkout is down"}},
      {optional_argument("REASON", &Words::reason, "Why, for whoever finds the runs refused."),
       option("--state", "DIR", &Words::state, state_about)},
      execute);
}

}  // namespace squall::cli
