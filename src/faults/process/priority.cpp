// process.priority: the victim gets another place in the queue for the processors, as after a
// forgotten nice, in a batch slice, or beside something that was given more.
//
// The nice value of every thread of each victim is set, 19 being the lowest priority. While there
// is a free processor nothing is felt; where the victim competes, it gets a small part of what
// others get. The old values are given back at the end, thread by thread.
#include <fmt/core.h>

#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Priority {
  Selector select;
  std::int64_t nice = 19;
};

const param::Table<Priority> table{{
    param::field("select", &Priority::select,
                 {.about = "Whose priority is changed.", .required = true}),
    param::field("nice", &Priority::nice,
                 {.about = "The nice value: 19 is the lowest priority, -20 the highest.",
                  .min = -20,
                  .max = 19,
                  .typical_low = 5,
                  .typical_high = 19}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_process_descriptors(host),
          note("CAP_SYS_NICE, to raise a priority back; or victims whose limit on nice values "
               "allows it")};
}

Wants wants(const Priority& priority) {
  return {.victims = priority.select};
}

Result<Strike> plan(const Priority& priority, const Facts& facts, const Choices&, std::uint64_t) {
  TRY_VOID(require_victims(facts, priority.select));
  Strike strike;
  for (const sys::Process& victim : facts.victims) {
    json::object request = identity(victim);
    request["nice"] = priority.nice;
    strike.changes.push_back({"process.priority", request});
    strike.watches.push_back({"process.reniced", std::move(request)});
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_process_priority;
const Kind kind_process_priority = kind_of<Priority>({
    .name = "process.priority",
    .summary = "The victim gets less processor time than its competitors, or more.",
    .mechanism =
        "The nice value of each thread of the victims is set by setpriority(2). One step is worth "
        "about 10 % of processor time against a competitor; from 0 to 19 the victim is left with a "
        "seventieth. Threads that the victim starts meanwhile inherit the value.",
    .undo =
        "Each thread gets its old nice value back, threads that were born meanwhile that of the "
        "first thread. It is in the journal beforehand: if squall dies, the guardian, its twin or "
        "the next start of squall does it. A thread whose value somebody else changed is left.",
    .limits =
        "It is felt only where processes compete for a processor. The kernel compares nice values "
        "within one control group, and with autogroups within one session only: a service with a "
        "cgroup of its own competes by its cpu.weight, and cpu.quota or cpu.burn are the faults "
        "for "
        "it. Child processes that are started meanwhile keep the value. Real-time threads do not "
        "feel it; a victim that has no others is refused. Without the right to raise a priority "
        "back nothing is touched.",
    .example = R"({"select": {"name": "redis-server"}, "nice": 19})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
