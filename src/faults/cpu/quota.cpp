// cpu.quota: the victim gets only so much CPU, as in a container whose limit is too small or on an
// overbooked host.
//
// The kernel's bandwidth controller lets the victims run for the quota in each period of 100 ms and
// holds them back for the rest, so they stall in steps of up to 100 ms.
//  - cgroup v1: a fence, a new cgroup inside the one where each victim is, gets the quota, and the
//    victims move into it. Limits that held them before go on holding.
//  - cgroup v2: processes live only in leaves, so the quota is set on the victim's own cgroup. A
//    victim in the root, which takes no quota, moves into a fence below it.
#include <cmath>
#include <map>

#include <fmt/core.h>

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
  sys::Need controller{.what = "the cpu controller of cgroup v1 or v2"};
  controller.met = host.cpu_v1_root.has_value() || host.cpu_v2_root.has_value();
  if (!controller.met) {
    controller.reason =
        "no cgroup hierarchy here offers the cpu controller; mount one, or, in a container, let "
        "it see the host's /sys/fs/cgroup";
  }
  return {std::move(controller), need_root(host, "to write cgroup limits and move processes")};
}

Wants wants(const Quota& quota) {
  return {.victims = quota.select};
}

std::int64_t quota_us(const Quota& quota) {
  return std::llround(quota.quota.fraction * static_cast<double>(period_us));
}

change::Request fence(const std::string& directory, bool is_v1, std::int64_t microseconds,
                      const std::vector<sys::Process>& victims, std::uint64_t name_bits) {
  json::array processes;
  for (const sys::Process& victim : victims) processes.push_back(identity(victim));
  json::array attributes;
  if (is_v1) {
    attributes = {{{"name", "cpu.cfs_period_us"}, {"value", std::to_string(period_us)}},
                  {{"name", "cpu.cfs_quota_us"}, {"value", std::to_string(microseconds)}}};
  } else {
    attributes = {{{"name", "cpu.max"}, {"value", fmt::format("{} {}", microseconds, period_us)}}};
  }
  return {"cgroup.fence",
          {{"path", fmt::format("{}/squall-{:08x}", directory, name_bits & 0xFFFFFFFFU)},
           {"attributes", std::move(attributes)},
           {"processes", std::move(processes)}}};
}

Result<Strike> plan(const Quota& quota, const Facts& facts, const Choices& choices,
                    std::uint64_t ordinal) {
  TRY_VOID(require_victims(facts, quota.select));
  const bool is_v1 = facts.host.cpu_v1_root.has_value();
  if (!is_v1 && !facts.host.cpu_v2_root) {
    return error(Code::unsupported, "no cgroup hierarchy here offers the cpu controller");
  }
  const std::string& root = is_v1 ? *facts.host.cpu_v1_root : *facts.host.cpu_v2_root;
  std::map<std::string, std::vector<sys::Process>> by_cgroup;
  Strike strike;
  for (const sys::Process& victim : facts.victims) {
    const auto known = facts.cpu_cgroups.find(victim.id.pid);
    by_cgroup[known == facts.cpu_cgroups.end() ? root : known->second].push_back(victim);
    json::object watch = identity(victim);
    watch["cores"] = quota.quota.fraction;
    strike.watches.push_back({"cpu.limited", std::move(watch)});
  }
  for (const auto& [directory, victims] : by_cgroup) {
    if (is_v1 || directory == root) {
      strike.changes.push_back(fence(directory, is_v1, quota_us(quota), victims,
                                     choices.bits(directory, "fence", ordinal)));
    } else {
      strike.changes.push_back({"cgroup.attribute",
                                {{"path", directory + "/cpu.max"},
                                 {"value", fmt::format("{} {}", quota_us(quota), period_us)}}});
    }
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
    .example = R"({"select": {"name": "redis-server"}, "quota": "20 %"})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
