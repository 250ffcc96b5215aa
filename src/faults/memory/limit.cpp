// memory.limit: the victim gets no more than so much memory, as in a container whose limit is too
// small; at the limit the kernel takes pages back from it, and when there are none, kills.
//
//  - cgroup v1: the victims move into a fence with the limit. What they have stays charged to their
//    former group, so the limit counts what they take from then on.
//  - cgroup v2: the limit is set on the victim's own group and counts all that it has.
#include <fmt/core.h>

#include "faults/limits.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

enum class Proof { limit, kill };

struct Limit {
  Selector select;
  Bytes limit;
  Proof proof = Proof::limit;
};

const param::Table<Limit> table{{
    param::field("select", &Limit::select, {.about = "Who is limited.", .required = true}),
    param::field("limit", &Limit::limit,
                 {.about = "The most memory that the victims may take. Victims in one cgroup share "
                           "it. On cgroup v1 it counts what they take from the start of the fault "
                           "on, on v2 all that they have.",
                  .required = true,
                  .min = Bytes{64 << 10},
                  .max = Bytes{1ULL << 50},
                  .typical_low = Bytes{8 << 20},
                  .typical_high = Bytes{128 << 20}}),
    param::choice("proof", &Limit::proof, {{"limit", Proof::limit}, {"kill", Proof::kill}},
                  "What must be seen for the fault to count: that the limit binds, or that the "
                  "kernel killed for it, within 5 s."),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_controller(host, "memory", "memory"),
          need_root(host, "to write cgroup limits and move processes")};
}

Wants wants(const Limit& limit) {
  return {.victims = limit.select, .controllers = {"memory"}};
}

Result<Strike> plan(const Limit& limit, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  TRY_VOID(require_victims(facts, limit.select));
  const std::string bytes = std::to_string(limit.limit.count);
  const CgroupLimit wanted{.v1_controller = "memory",
                           .v1 = {{"memory.limit_in_bytes", bytes}},
                           .v2_controller = "memory",
                           .v2 = {{"memory.max", bytes}}};
  Strike strike {
    .changes = TRY(limit_victims(wanted, facts, choices, ordinal))
  };
  if (limit.proof == Proof::kill) {
    json::array processes;
    for (const sys::Process& victim : facts.victims) processes.push_back(identity(victim));
    strike.watches.push_back({"memory.oom", {{"processes", std::move(processes)}}});
  } else {
    for (const sys::Process& victim : facts.victims) {
      json::object watch = identity(victim);
      watch["limit"] = render(limit.limit);
      strike.watches.push_back({"memory.limited", std::move(watch)});
    }
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_memory_limit;
const Kind kind_memory_limit = kind_of<Limit>({
    .name = "memory.limit",
    .summary = "The victim gets no more than a set amount of memory; at the limit the kernel takes "
               "its pages back, and kills when there are none to take.",
    .mechanism =
        "The kernel's memory controller. On cgroup v1 the victims move into a new cgroup inside "
        "their present one, with `memory.limit_in_bytes`; on cgroup v2 `memory.max` of their own "
        "cgroup is set, and only victims in the root cgroup are moved. A victim that needs more "
        "than the kernel can take back is killed by the kernel, as in any container: that is the "
        "victim's doing, and not undone.",
    .undo =
        "The limit is lifted, the victims move back and the new cgroup is removed, or the old "
        "value of `memory.max` is written again. All is in the journal beforehand: if squall "
        "dies, the guardian, its twin or the next start of squall does it. Who was killed stays "
        "dead unless a supervisor starts it again.",
    .limits =
        "On cgroup v1 what the victims already have is not counted: the limit bounds their growth. "
        "On cgroup v2 every process of the victim's cgroup is limited, and a limit below what "
        "they have kills at once when the kernel cannot take enough back. File caches count as "
        "well, and shrink first. A victim that takes nothing more feels nothing; then ask for "
        "`proof: limit`.",
    .accuracy =
        "A victim that grows was killed with 63.81 MiB where 64 MiB were allowed, and with 255.44 "
        "MiB where 256 MiB were.",
    .example = R"({"select": {"name": "redis-server"}, "limit": "64 MiB"})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
