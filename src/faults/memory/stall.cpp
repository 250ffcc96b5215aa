// memory.stall: the victim waits for memory that does not come, as under a storm of page reclaim or
// on a host that swaps itself to a standstill.
//
//  - cgroup v1: the victims move into a fence with a limit and without the kernel's out-of-memory
//    killer; who needs a page beyond the limit waits in the kernel until it is lifted.
//  - cgroup v2: memory.high on the victim's own group; beyond it the kernel takes pages back and
//    makes who takes more wait, up to 2 s each time.
#include <fmt/core.h>

#include "faults/limits.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Stall {
  Selector select;
  Bytes limit{1 << 20};
};

const param::Table<Stall> table{{
    param::field("select", &Stall::select, {.about = "Who is held up.", .required = true}),
    param::field("limit", &Stall::limit,
                 {.about = "From how much memory on the victims wait. Victims in one cgroup share "
                           "it. On cgroup v1 it counts what they take from the start of the fault "
                           "on, on v2 all that they have.",
                  .min = Bytes{64 << 10},
                  .max = Bytes{1ULL << 50},
                  .typical_low = Bytes{1 << 20},
                  .typical_high = Bytes{16 << 20}}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_controller(host, "memory", "memory"),
          need_root(host, "to write cgroup limits and move processes")};
}

Wants wants(const Stall& stall) {
  return {.victims = stall.select, .controllers = {"memory"}};
}

Result<Strike> plan(const Stall& stall, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  TRY_VOID(require_victims(facts, stall.select));
  const std::string bytes = std::to_string(stall.limit.count);
  // Without the killer first, and only then the limit: nobody may be killed in between. The fence
  // is undone in the reverse order, which wakes who waits.
  const CgroupLimit wanted{.v1_controller = "memory",
                           .v1 = {{"memory.oom_control", "1"}, {"memory.limit_in_bytes", bytes}},
                           .v2_controller = "memory",
                           .v2 = {{"memory.high", bytes}}};
  Strike strike {
    .changes = TRY(limit_victims(wanted, facts, choices, ordinal))
  };
  json::array processes;
  for (const sys::Process& victim : facts.victims) processes.push_back(identity(victim));
  strike.watches.push_back({"memory.stalled", {{"processes", std::move(processes)}}});
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_memory_stall;
const Kind kind_memory_stall = kind_of<Stall>({
    .name = "memory.stall",
    .summary = "The victim stands still as soon as it needs more memory, and goes on when it may "
               "have it.",
    .mechanism =
        "The kernel's memory controller. On cgroup v1 the victims move into a new cgroup inside "
        "their present one, with `memory.limit_in_bytes` and with the out-of-memory killer "
        "switched off (`memory.oom_control`): whoever touches a new page beyond the limit sleeps "
        "in the kernel. On cgroup v2 `memory.high` of their own cgroup is set, beyond which the "
        "kernel slows them down.",
    .undo =
        "The limit is lifted first, which wakes everybody who waits, then the killer is switched "
        "on again, the victims move back, and the new cgroup is removed; on cgroup v2 the old "
        "value is written again. All is in the journal beforehand: if squall dies, the guardian, "
        "its twin or the next start of squall does it. Until then a waiting victim can still be "
        "killed.",
    .limits =
        "A victim that needs no new memory feels nothing, and the run is invalid. On cgroup v1 "
        "what the victims already have is not counted, and memory that a system call needs is "
        "refused (ENOMEM) instead of waited for. Nothing but the undo wakes a waiting victim: if "
        "all of squall is killed it waits for the next start, as a paused one does. On cgroup v2 "
        "every process of the victim's cgroup is slowed down rather than stopped.",
    .example = R"({"select": {"name": "redis-server"}, "limit": "1 MiB"})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
