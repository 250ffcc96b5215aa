// container.limit: the container gets less memory, CPU time or processes than it is used to, as
// after a wrong setting or on a host that was planned too small.
#include <fmt/core.h>

#include "faults/containers.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/optional_codec.h"

namespace squall::fault {
namespace {

struct Limit : Container {
  std::optional<Bytes> memory;
  std::optional<Share> cpu;
  std::optional<std::int64_t> processes;
};

const param::Table<Limit> table = container_table<Limit>(
    {param::field("memory", &Limit::memory,
                  {.about = "The most memory that it may have, file caches included."}),
     param::field("cpu", &Limit::cpu,
                  {.about = "CPU time as a share of one core: 20 % is a fifth of a core, 150 % one "
                            "and a half."}),
     param::field("processes", &Limit::processes,
                  {.about = "How many processes and threads it may have. What it has beyond that "
                            "it keeps, but it can start no other."})});

constexpr Bytes memory_min{4 << 20};
constexpr double cpu_min = 0.01;
constexpr double cpu_max = 64;
constexpr std::int64_t processes_max = 4'000'000;

Status check(const Limit& limit) {
  TRY_VOID(check_container(limit));
  if (!limit.memory && !limit.cpu && !limit.processes) {
    return error(Code::invalid, "nothing is limited", "give memory, cpu or processes");
  }
  if (limit.memory && *limit.memory < memory_min) {
    return error(Code::invalid, "memory: " + render(*limit.memory) + " is too little",
                 "give at least " + render(memory_min));
  }
  if (limit.cpu && (limit.cpu->fraction < cpu_min || limit.cpu->fraction > cpu_max)) {
    return error(Code::invalid, "cpu: " + render(*limit.cpu) + " is out of range",
                 "give 1 % to 6400 %");
  }
  if (limit.processes && (*limit.processes < 0 || *limit.processes > processes_max)) {
    return error(Code::invalid, fmt::format("processes: {} is out of range", *limit.processes),
                 fmt::format("give 0 to {}", processes_max));
  }
  return ok();
}

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  std::vector<sys::Need> needs = container_needs(host);
  needs.push_back(need_root(host, "to write the limits of control groups"));
  return needs;
}

Wants wants(const Limit&) {
  return {};
}

Result<Strike> plan(const Limit& limit, const Facts&, const Choices&, std::uint64_t) {
  json::object limits = identity(limit);
  if (limit.memory) limits["memory"] = render(*limit.memory);
  if (limit.cpu) limits["cpu"] = render(*limit.cpu);
  if (limit.processes) limits["processes"] = *limit.processes;
  Strike strike{.target = describe(limit)};
  strike.changes.push_back({"container.limits", limits});
  strike.watches.push_back({"container.limited", std::move(limits)});
  return strike;
}

}  // namespace

extern const Kind kind_container_limit;
const Kind kind_container_limit = kind_of<Limit>({
    .name = "container.limit",
    .summary = "The container gets less memory, CPU time or processes than it is used to.",
    .mechanism =
        "The limits are written to the container's own control group, where the daemon writes its "
        "own: `memory.max`, `cpu.max` and `pids.max`, or on cgroup v1 `memory.limit_in_bytes`, "
        "`cpu.cfs_quota_us` and `pids.max`. The daemon is asked only which container is meant. It "
        "is not told to set the limits, because it cannot take them back: to a container without "
        "a memory limit or a number of CPUs, `docker update` gives no way back to none.",
    .undo =
        "The old values are written back. They are in the journal beforehand: if squall dies, the "
        "guardian, its twin or the next start of squall does it. A limit that somebody else "
        "changed meanwhile is left. What the kernel killed for want of memory stays dead unless "
        "the restart policy starts it again.",
    .limits =
        "`docker inspect` goes on showing the limits that the daemon knows. A container that is "
        "restarted meanwhile has a new control group with the daemon's own limits, and the fault "
        "is over early. Memory below what it has is taken back where the kernel can; where it "
        "cannot, cgroup v1 refuses the limit and v2 kills. On cgroup v1 the CPU share counts on a "
        "period of 100 ms, which only --cpu-period changes.",
    .example = R"({"container": "web", "memory": "64 MiB", "cpu": "20 %"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
