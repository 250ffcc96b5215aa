// cpu.burn: the host is busy, as with a noisy neighbour, a runaway job or a backup.
//
// A burner process computes on as many cores as asked, each for the given part of every few
// milliseconds. Victims feel it as waiting for a core: latency grows before throughput falls. The
// burner is a child of the guardian that ends with it, so there is nothing to leave behind.
#include <fmt/core.h>

#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Burn {
  Share load{1};
  std::int64_t cores = 0;
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
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("no privileges; the witness needs at least that much idle CPU before the start")};
}

Wants wants(const Burn&) {
  return {};
}

Result<Strike> plan(const Burn& burn, const Facts& facts, const Choices&, std::uint64_t) {
  const std::int64_t cores = burn.cores == 0 ? facts.host.cores : burn.cores;
  if (cores > facts.host.cores) {
    return error(Code::invalid,
                 fmt::format("cores: {} are asked for, this host has {}", cores, facts.host.cores),
                 "leave `cores` out to burn all of them");
  }
  const json::object request{{"cores", cores}, {"load", render(burn.load)}};
  return Strike{
      .changes = {{"cpu.burner", request}},
      .watches = {{"cpu.busy", request}},
      .target = fmt::format("{} of {} cores at {}", cores, facts.host.cores, render(burn.load))};
}

}  // namespace

extern const Kind kind_cpu_burn;
const Kind kind_cpu_burn = kind_of<Burn>({
    .name = "cpu.burn",
    .summary = "Cores are busy with somebody else's work; everything waits longer for its turn.",
    .mechanism =
        "A burner process runs one thread per core asked for, which computes for `load` of every "
        "few milliseconds and sleeps for the rest. It has the ordinary priority: the scheduler "
        "shares fairly between it and the victims.",
    .undo =
        "The burner is ended. It is tied to the guardian's life: if squall dies, the kernel ends "
        "it at once, and nothing stays.",
    .limits =
        "It presses on all processes alike; to slow down one victim only use cpu.quota. With "
        "fair scheduling a single victim still gets its share of each core: expect latency, "
        "not standstill. On a host that is already busy the added load cannot be seen, and the "
        "run ends as invalid.",
    .example = R"({"load": "80 %", "cores": 1})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
