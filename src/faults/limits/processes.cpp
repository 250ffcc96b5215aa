// limits.processes: the victim can start no more processes or threads, as after a fork bomb next to
// it, with a leak of children, or in a container whose limit on pids is too small.
//
// The pids controller of control groups counts every process and every thread, and refuses a new
// one beyond the limit with EAGAIN. What is there stays.
//  - cgroup v1: the victims move into a fence with the limit.
//  - cgroup v2: the limit is set on the victim's own group.
#include <fmt/core.h>

#include "faults/limits.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Limit {
  Selector select;
  std::int64_t most = 1;
};

const param::Table<Limit> table{{
    param::field("select", &Limit::select, {.about = "Who is limited.", .required = true}),
    param::field("most", &Limit::most,
                 {.about = "How many processes and threads the victims of one cgroup may have "
                           "together. What they have beyond that they keep, but they can start no "
                           "other: 1 stops all growth.",
                  .min = 0,
                  .max = 4'000'000,
                  .typical_low = 1,
                  .typical_high = 64}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_controller(host, "pids", "pids"),
          need_root(host, "to write cgroup limits and move processes")};
}

Wants wants(const Limit& limit) {
  return {.victims = limit.select, .controllers = {"pids"}};
}

Result<Strike> plan(const Limit& limit, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  TRY_VOID(require_victims(facts, limit.select));
  const CgroupAttribute attribute{"pids.max", std::to_string(limit.most)};
  const CgroupLimit wanted{
      .v1_controller = "pids", .v1 = {attribute}, .v2_controller = "pids", .v2 = {attribute}};
  Strike strike {
    .changes = TRY(limit_victims(wanted, facts, choices, ordinal))
  };
  for (const sys::Process& victim : facts.victims) {
    json::object watch = identity(victim);
    watch["most"] = limit.most;
    strike.watches.push_back({"limits.processes", std::move(watch)});
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_limits_processes;
const Kind kind_limits_processes = kind_of<Limit>({
    .name = "limits.processes",
    .summary = "The victim can start no more processes or threads: fork and clone fail with "
               "EAGAIN.",
    .mechanism =
        "The kernel's pids controller, which counts processes and threads alike. On cgroup v1 the "
        "victims move into a new cgroup inside their present one, with `pids.max`; on cgroup v2 "
        "`pids.max` of their own cgroup is set, and only victims in the root cgroup are moved.",
    .undo =
        "The limit is lifted, the victims move back with the children they have, and the new "
        "cgroup is removed, or the old value of `pids.max` is written again. All is in the journal "
        "beforehand: if squall dies, the guardian, its twin or the next start of squall does it.",
    .limits =
        "A victim that starts nothing feels nothing. Nobody is ended: a limit below what there is "
        "stops growth only. On cgroup v2 every process of the victim's cgroup counts. It binds "
        "root as well, other than the limit on processes of process.limit, which counts all "
        "processes and threads of one user.",
    .accuracy =
        "With 2 and with 50 allowed the victim had exactly as many when it was refused the next.",
    .example = R"({"select": {"name": "redis-server"}, "most": 1})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
