// process.kill: the victim ends at once, as in a crash, an out-of-memory kill or a wrong deploy.
//
// Every victim gets one signal through its process descriptor, so that a pid which was reused
// meanwhile is never hit. Given `every` and `times` it strikes again and again, each time looking
// the victims up anew and letting each of them off by chance: the random killer. Nothing is undone:
// what ended stays ended until its supervisor starts a new one, which is what is tested.
#include <fmt/core.h>

#include "faults/needs.h"
#include "faults/repetition.h"
#include "faults/signals.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Kill : Repetition {
  Selector select;
  std::string signal = "KILL";
};

const param::Table<Kill> table{with_repetition<Kill>({
    param::field("select", &Kill::select, {.about = "Who is killed.", .required = true}),
    param::field(
        "signal", &Kill::signal,
        {.about = "The signal sent: one that ends a process, such as KILL, TERM or SEGV."}),
})};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_process_descriptors(host),
          note("the right to signal the victims: their owner, or CAP_KILL")};
}

Status check(const Kill& kill) {
  TRY_VOID(check_ending_signal(kill.signal, "process",
                               "for a signal that ends nothing use process.signal, to stop one for "
                               "a time process.pause"));
  return check_repetition(kill);
}

Wants wants(const Kill& kill) {
  return {.victims = kill.select};
}

Result<Strike> plan(const Kill& kill, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  // Later strikes may find nobody: the victim is perhaps still being restarted.
  if (ordinal == 0) TRY_VOID(require_victims(facts, kill.select));
  const int signal = TRY(sys::parse_signal(kill.signal));
  const std::vector<sys::Process> hit = draw_victims(kill, facts, choices, ordinal);
  Strike strike{.target = describe(hit)};
  for (const sys::Process& victim : hit) {
    json::object request = identity(victim);
    strike.watches.push_back({"process.ended", request});
    request["signal"] = signal;
    strike.changes.push_back({"process.signal", std::move(request)});
  }
  return strike;
}

}  // namespace

extern const Kind kind_process_kill;
const Kind kind_process_kill = kind_of<Kill>({
    .name = "process.kill",
    .summary = "The victim ends at once, as in a crash.",
    .mechanism =
        "Each victim is sent the signal through its process descriptor (pidfd), which cannot hit "
        "another process that got the same pid. KILL cannot be caught: no cleanup, no last words. "
        "With `every` and `times` it strikes repeatedly; the victims are looked up anew each time, "
        "so a restarted service is killed again.",
    .undo =
        "Nothing is undone by squall: a supervisor (systemd, runit, an orchestrator) must start "
        "a new process. If squall dies between two strikes, no further strike happens.",
    .limits =
        "It proves nothing about a slow death: use process.pause for a hang. A victim that "
        "catches the signal (TERM, INT, HUP) ends when it likes; if it never ends, the run is "
        "invalid. A strike at which chance spared everybody, or at which nobody was running, "
        "does nothing and is recorded so.",
    .lasting = Lasting::instant,
    .irreversible = "a process that has ended cannot be brought back, only started anew",
    .example = R"({"select": {"name": "redis-server"}, "signal": "KILL"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
    .repeat = repeat_of<Kill>,
});

}  // namespace squall::fault
