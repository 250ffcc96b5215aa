// process.pause: the victim stands still but does not end, as in a long garbage collection, a
// stalled virtual machine or a debugger left attached.
//
// Its connections stay open and the kernel goes on acknowledging what is sent to it: health checks
// that only connect still pass, which is often the finding. Each victim gets SIGSTOP, and SIGCONT
// at the end.
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Pause {
  Selector select;
};

const param::Table<Pause> table{{
    param::field("select", &Pause::select, {.about = "Who stands still.", .required = true}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_process_descriptors(host),
          note("the right to signal the victims: their owner, or CAP_KILL")};
}

Wants wants(const Pause& pause) {
  return {.victims = pause.select};
}

Result<Strike> plan(const Pause& pause, const Facts& facts, const Choices&, std::uint64_t) {
  TRY_VOID(require_victims(facts, pause.select));
  Strike strike;
  for (const sys::Process& victim : facts.victims) {
    strike.changes.push_back({"process.stop", identity(victim)});
    strike.watches.push_back({"process.stopped", identity(victim)});
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_process_pause;
const Kind kind_process_pause = kind_of<Pause>({
    .name = "process.pause",
    .summary = "The victim stands still without ending; its connections stay open and go silent.",
    .mechanism =
        "Each victim is sent SIGSTOP through its process descriptor (pidfd). All its threads stop; "
        "its memory, files and sockets stay as they are. The kernel goes on accepting connections "
        "and data for it until the buffers are full, so a check that only connects still passes.",
    .undo =
        "SIGCONT. The stop is in the journal before it happens: if squall dies, the guardian, its "
        "twin or the next start of squall sends it. If somebody else continued or stopped the "
        "victim meanwhile, that is reported and left.",
    .limits = "Children of the victim go on running unless they are selected too. A parent that "
              "waits for stopped children (a shell with job control, some supervisors) notices the "
              "stop. Timers that came due meanwhile all fire at the end.",
    .example = R"({"select": {"name": "redis-server", "pick": "one"}})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
