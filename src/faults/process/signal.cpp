// process.signal: the victim gets a signal and does whatever it does on it: reads its configuration
// anew, opens its logs again, dumps its state, shuts down, or falls over.
//
// Operators and tools send signals all day long: HUP to reload, USR1 to rotate logs, TERM to leave.
// Each victim gets one through its process descriptor, so that a pid which was reused meanwhile is
// never hit. Given `every` and `times` it comes again and again, a reload storm for one. What a
// process does on a signal cannot be taken back.
#include <csignal>

#include <fmt/core.h>

#include "faults/needs.h"
#include "faults/repetition.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Signal : Repetition {
  Selector select;
  std::string signal;
};

const param::Table<Signal> table{with_repetition<Signal>({
    param::field("select", &Signal::select, {.about = "Who gets the signal.", .required = true}),
    param::field("signal", &Signal::signal,
                 {.about = "Its name or number: HUP, USR1, TERM, RTMIN+1, 10.", .required = true}),
})};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_process_descriptors(host),
          note("the right to signal the victims: their owner, or CAP_KILL"),
          note("root, to see that a victim handled it: the kernel's tracepoints are for root")};
}

Status check(const Signal& params) {
  const int signal = TRY(sys::parse_signal(params.signal), "signal");
  if (signal == SIGSTOP || signal == SIGTSTP || signal == SIGTTIN || signal == SIGTTOU) {
    return error(Code::invalid,
                 fmt::format("signal: {} would leave the victim stopped", sys::signal_name(signal)),
                 "use process.pause, which lets it run on at the end");
  }
  return check_repetition(params);
}

Wants wants(const Signal& params) {
  return {.victims = params.select};
}

Result<Strike> plan(const Signal& params, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  // Later strikes may find nobody: the victim is perhaps just being restarted.
  if (ordinal == 0) TRY_VOID(require_victims(facts, params.select));
  const int signal = TRY(sys::parse_signal(params.signal));
  const std::vector<sys::Process> hit = draw_victims(params, facts, choices, ordinal);
  Strike strike{.target = describe(hit)};
  for (const sys::Process& victim : hit) {
    json::object request = identity(victim);
    request["signal"] = signal;
    strike.changes.push_back({"process.signal", request});
    strike.watches.push_back({"process.signalled", std::move(request)});
  }
  return strike;
}

}  // namespace

extern const Kind kind_process_signal;
const Kind kind_process_signal = kind_of<Signal>({
    .name = "process.signal",
    .summary = "The victim gets a signal, and does what it does on it.",
    .mechanism =
        "Each victim is sent the signal through its process descriptor (pidfd), which cannot hit "
        "another process that got the same pid. With `every` and `times` it comes repeatedly; the "
        "victims are looked up and picked anew each time.",
    .undo = "Nothing is undone: what a process does on a signal is done. A harmless signal (a "
            "reload, a log rotation) leaves nothing to undo; one that ends or changes the victim "
            "leaves that to its supervisor. If squall dies between two strikes, no further strike "
            "happens.",
    .limits =
        "The proof is that the signal arrived, not what the victim made of it: a check must look "
        "at that; where the victim must end, use process.kill. That a signal is handled is seen by "
        "root only. A victim that ignores the signal is refused, since nothing would happen. In a "
        "pid namespace of its own (a container) squall may miss a signal that the victim reads "
        "from a queue (signalfd, sigwait) within a millisecond; the run then is invalid. Signals "
        "that stop a process are refused; process.pause does that and takes it back.",
    .lasting = Lasting::instant,
    .irreversible = "what a process does on a signal cannot be taken back",
    .example = R"({"select": {"name": "nginx"}, "signal": "HUP", "every": "500 ms", "times": 5})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
    .repeat = repeat_of<Signal>,
});

}  // namespace squall::fault
