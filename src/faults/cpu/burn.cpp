// cpu.burn: the host is busy, as with a noisy neighbour, a runaway job or a backup.
//
// A burner process computes on as many cores as asked, each for the given part of every
// millisecond. Victims feel it as waiting for a core: latency grows before throughput falls. With a
// ramp the load comes slowly, as on a host that fills up, and shows at which load a service gives
// way. The burner is a child of the guardian that ends with it, so there is nothing to leave
// behind.
#include <algorithm>

#include <fmt/core.h>

#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Burn {
  Share load{1};
  std::int64_t cores = 0;
  Share from{0};
  Duration ramp;
};

const param::Table<Burn> table{{
    param::field("load", &Burn::load,
                 {.about = "How busy each of the cores is kept.",
                  .min = Share{0.05},
                  .max = Share{1},
                  .typical_low = Share{0.3},
                  .typical_high = Share{1}}),
    param::field("cores", &Burn::cores,
                 {.about = "On how many cores; 0 means all of them.", .min = 0, .max = 4096}),
    param::field("from", &Burn::from,
                 {.about = "How busy they are at the foot of a ramp; goes with `ramp`.",
                  .min = Share{0},
                  .max = Share{1}}),
    param::field("ramp", &Burn::ramp,
                 {.about = "How long the load takes from `from` to `load`; 0 s means at once.",
                  .min = Duration{},
                  .max = minutes(24 * 60)}),
}};

constexpr Duration seen_after = seconds(5);  // by the witness, at the latest
constexpr double first_part = 0.25;          // of the load, the first of a ramp that is looked for

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("no privileges; the witness needs at least that much idle CPU before the start")};
}

Status check(const Burn& burn) {
  if (burn.ramp > Duration{} || burn.from.fraction == 0) return ok();
  return error(Code::invalid, "from: a load to begin with is given, but no time to come from it",
               "add for example ramp: 30 s, or leave `from` out");
}

Wants wants(const Burn&) {
  return {};
}

json::object watch_for(std::int64_t cores, double load) {
  return {{"cores", cores}, {"load", render(Share{load})}};
}

// Without a ramp: the load. With one that rises: its first part, and the whole at the end. With one
// that falls: what is there all the time.
std::vector<Watch> watches(const Burn& burn, std::int64_t cores) {
  const double load = burn.load.fraction;
  const double first = std::max(burn.from.fraction, load * first_part);
  if (burn.ramp == Duration{} || first >= load) return {{"cpu.busy", watch_for(cores, load)}};
  const Duration within = burn.ramp + seen_after;
  return {{"cpu.busy", watch_for(cores, first), within},
          {"cpu.busy", watch_for(cores, load), within}};
}

Result<Strike> plan(const Burn& burn, const Facts& facts, const Choices&, std::uint64_t) {
  const std::int64_t cores = burn.cores == 0 ? facts.host.cores : burn.cores;
  if (cores > facts.host.cores) {
    return error(Code::invalid,
                 fmt::format("cores: {} are asked for, this host has {}", cores, facts.host.cores),
                 "leave `cores` out to burn all of them");
  }
  json::object request{{"cores", cores}, {"load", render(burn.load)}};
  std::string target =
      fmt::format("{} of {} cores at {}", cores, facts.host.cores, render(burn.load));
  if (burn.ramp > Duration{}) {
    request["from"] = render(burn.from);
    request["ramp"] = render(burn.ramp);
    target += fmt::format(", coming from {} over {}", render(burn.from), render(burn.ramp));
  }
  return Strike{.changes = {{"cpu.burner", std::move(request)}},
                .watches = watches(burn, cores),
                .target = std::move(target)};
}

}  // namespace

extern const Kind kind_cpu_burn;
const Kind kind_cpu_burn = kind_of<Burn>({
    .name = "cpu.burn",
    .summary = "Cores are busy with somebody else's work; everything waits longer for its turn.",
    .mechanism =
        "A burner process runs one thread per core asked for, which computes for `load` of every "
        "millisecond and sleeps for the rest, steered by the CPU time that the kernel counted for "
        "it. With a `ramp` the load changes evenly from `from` to `load`. It has the ordinary "
        "priority: the scheduler shares fairly between it and the victims.",
    .undo =
        "The burner is ended. It is tied to the guardian's life: if squall dies, the kernel ends "
        "it at once, and nothing stays.",
    .limits =
        "It presses on all processes alike; to slow down one victim only use cpu.quota. With "
        "fair scheduling a single victim still gets its share of each core: expect latency, "
        "not standstill. On a host that is already busy the added load cannot be seen, and the "
        "run ends as invalid. A ramp must be over before the fault ends (`for`), or the run is "
        "invalid, since its load was never reached.",
    .accuracy = "Asked for 10 % of one core: 10.03 % in the mean, and windows of 100 ms deviate by "
                "at most 0.18 points (stress-ng in the same run: 8.6 to 8.9 %, windows by 14 to 15 "
                "points). Asked for 50 % and 90 % while other work kept every core busy: 42 to 49 "
                "% and 56 to 59 % (stress-ng 30 to 34 % and 47 %), since nobody gets more than a "
                "fair share. Measured on a virtual machine with 2 cores, not optimised.",
    .example = R"({"load": "80 %", "cores": 1})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
