// cpu.pin: the victim may run on certain processors only, as on a smaller machine, with an affinity
// left behind by a tuning script, or in a cpuset that was cut too tight.
//
// Every thread of each victim is bound to the processors given. Threads that used to run side by
// side take turns: a server with one thread for each core feels it at once, one with a single
// thread only when others want that processor too. The old processors are given back at the end.
#include <fmt/core.h>

#include "core/cpu_list.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Pin {
  Selector select;
  std::string cpus = "0";
};

const param::Table<Pin> table{{
    param::field("select", &Pin::select, {.about = "Who is bound.", .required = true}),
    param::field("cpus", &Pin::cpus,
                 {.about = "The processors that are left to it, as the kernel lists them: 0, 0-3 "
                           "or 0-2,5."}),
}};

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  sys::Need several{.what = "two processors or more", .met = host.cores > 1};
  if (!several.met) several.reason = "this host has one, to which everything is bound already";
  return {std::move(several), need_process_descriptors(host),
          note("the same user as the victims, or CAP_SYS_NICE")};
}

Status check(const Pin& pin) {
  if (TRY(parse_cpu_list(pin.cpus), "cpus").empty()) {
    return error(Code::invalid, "cpus: at least one processor must be left",
                 "name one, for example 0");
  }
  return ok();
}

Wants wants(const Pin& pin) {
  return {.victims = pin.select};
}

Result<Strike> plan(const Pin& pin, const Facts& facts, const Choices&, std::uint64_t) {
  TRY_VOID(require_victims(facts, pin.select));
  const std::string cpus = render_cpu_list(TRY(parse_cpu_list(pin.cpus)));
  Strike strike;
  for (const sys::Process& victim : facts.victims) {
    json::object request = identity(victim);
    request["cpus"] = cpus;
    strike.changes.push_back({"process.affinity", request});
    strike.watches.push_back({"cpu.pinned", std::move(request)});
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_cpu_pin;
const Kind kind_cpu_pin = kind_of<Pin>({
    .name = "cpu.pin",
    .summary = "The victim may run on a few processors only; its threads take turns.",
    .mechanism =
        "Each thread of the victims is bound by sched_setaffinity(2). Threads that the victim "
        "starts meanwhile inherit it. Together with cpu.burn on the same processors the victim "
        "cannot get out of its way.",
    .undo = "Each thread gets its old processors back, threads that were born meanwhile those of "
            "the first thread; a thread that was bound to none goes on following its cpuset. It is "
            "in the journal beforehand: if squall dies, the guardian, its twin or the next start "
            "of squall does it. A thread whose affinity somebody else changed is left.",
    .limits =
        "It takes no processor time away: a victim with one busy thread feels nothing while the "
        "processor is otherwise free. Processors that the victim's cpuset does not allow are "
        "refused. Child processes that are started meanwhile keep the affinity. What the victim "
        "has found out before about the number of processors (the size of a thread pool) it does "
        "not find out again.",
    .example = R"({"select": {"name": "nginx"}, "cpus": "0"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
