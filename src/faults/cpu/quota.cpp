// cpu.quota: the victim gets only so much CPU, as in a container whose limit is too small or on an
// overbooked host.
//
// The kernel's bandwidth controller lets the victims run for the quota in each period of 100 ms and
// holds them back for the rest, so they stall in steps of up to 100 ms. Where the quota is set, on
// either version of control groups, faults/limits.h says.
#include <cmath>

#include <fmt/core.h>

#include "faults/limits.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "faults/victims.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

struct Quota {
  Selector select;
  Share quota{0.2};
};

const param::Table<Quota> table{{
    param::field("select", &Quota::select, {.about = "Who is held back.", .required = true}),
    param::field("quota", &Quota::quota,
                 {.about = "CPU time as a share of one core: 20 % is a fifth of a core, 150 % one "
                           "and a half. Victims in one cgroup share it.",
                  .min = Share{0.01},
                  .max = Share{64},
                  .typical_low = Share{0.05},
                  .typical_high = Share{0.5}}),
}};

constexpr std::int64_t period_us = 100'000;  // the kernel's default period

std::vector<sys::Need> needs(const sys::HostFacts& host) {
  return {need_controller(host, "cpu", "cpu"),
          need_root(host, "to write cgroup limits and move processes")};
}

Wants wants(const Quota& quota) {
  return {.victims = quota.select, .controllers = {"cpu"}};
}

std::int64_t quota_us(const Quota& quota) {
  return std::llround(quota.quota.fraction * static_cast<double>(period_us));
}

Result<Strike> plan(const Quota& quota, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  TRY_VOID(require_victims(facts, quota.select));
  const std::string microseconds = std::to_string(quota_us(quota));
  const std::string period = std::to_string(period_us);
  const CgroupLimit limit{.v1_controller = "cpu",
                          .v1 = {{"cpu.cfs_period_us", period}, {"cpu.cfs_quota_us", microseconds}},
                          .v2_controller = "cpu",
                          .v2 = {{"cpu.max", microseconds + " " + period}}};
  Strike strike {
    .changes = TRY(limit_victims(limit, facts, choices, ordinal))
  };
  for (const sys::Process& victim : facts.victims) {
    json::object watch = identity(victim);
    watch["cores"] = quota.quota.fraction;
    strike.watches.push_back({"cpu.limited", std::move(watch)});
  }
  strike.target = describe(facts.victims);
  return strike;
}

}  // namespace

extern const Kind kind_cpu_quota;
const Kind kind_cpu_quota = kind_of<Quota>({
    .name = "cpu.quota",
    .summary = "The victim gets only a set amount of CPU time and stalls when it is used up.",
    .mechanism =
        "The kernel's CPU bandwidth control (CFS quota, period 100 ms). On cgroup v1 the victims "
        "move into a new cgroup inside their present one, which has the quota; on cgroup v2 "
        "`cpu.max` of their own cgroup is set, and only victims in the root cgroup are moved.",
    .undo =
        "The victims move back and the new cgroup is removed, or the old value of `cpu.max` is "
        "written again. All is in the journal beforehand: if squall dies, the guardian, its twin "
        "or the next start of squall does it. A value that somebody else changed is left.",
    .limits = "On cgroup v2 every process of the victim's cgroup is held back, not only those "
              "selected; with systemd that is the whole unit. An idle victim feels nothing. A "
              "quota above what an outer cgroup allows has no effect, and cgroup v1 refuses it. "
              "Children started meanwhile share the quota.",
    .accuracy =
        "Asked for 10, 50 and 90 % of one core of a victim that takes all it gets: 10.10, 49.95 "
        "and 89.70 % by its own CPU clock.",
    .example = R"({"select": {"name": "redis-server"}, "quota": "20 %"})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
