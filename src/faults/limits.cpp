#include "faults/limits.h"

#include <map>
#include <utility>

#include <fmt/core.h>

#include "faults/victims.h"

namespace squall::fault {
namespace {

struct Place {
  std::string_view controller;
  std::string root;
  bool is_v2 = false;
};

Result<Place> place_of(const CgroupLimit& limit, const sys::HostFacts& host) {
  for (const std::string_view name : {limit.v1_controller, limit.v2_controller}) {
    const sys::Controller* found = name.empty() ? nullptr : host.controller(name);
    const bool is_v2 = found != nullptr && found->is_v2;
    const std::string_view wanted = is_v2 ? limit.v2_controller : limit.v1_controller;
    if (found != nullptr && name == wanted) return Place{name, found->mount, is_v2};
  }
  const sys::Need need = need_controller(host, limit.v1_controller, limit.v2_controller);
  return error(Code::unsupported, need.reason);
}

change::Request fence(const std::string& directory, const std::vector<CgroupAttribute>& limits,
                      const std::vector<sys::Process>& victims, std::uint64_t name_bits) {
  json::array processes;
  for (const sys::Process& victim : victims) processes.push_back(identity(victim));
  json::array attributes;
  for (const auto& [name, value] : limits) {
    attributes.push_back(json::object{{"name", name}, {"value", value}});
  }
  return {"cgroup.fence",
          {{"path", fmt::format("{}/squall-{:08x}", directory, name_bits & 0xFFFFFFFFU)},
           {"attributes", std::move(attributes)},
           {"processes", std::move(processes)}}};
}

}  // namespace

sys::Need need_controller(const sys::HostFacts& host, std::string_view v1_controller,
                          std::string_view v2_controller) {
  const std::string both =
      v1_controller == v2_controller
          ? fmt::format("{} controller of cgroup v1 or v2", v1_controller)
      : v2_controller.empty() ? fmt::format("{} controller of cgroup v1", v1_controller)
      : v1_controller.empty()
          ? fmt::format("{} controller of cgroup v2", v2_controller)
          : fmt::format("{} controller of cgroup v1 or {} of v2", v1_controller, v2_controller);
  sys::Need need{.what = "the " + both};
  const sys::Controller* v1 = v1_controller.empty() ? nullptr : host.controller(v1_controller);
  const sys::Controller* v2 = v2_controller.empty() ? nullptr : host.controller(v2_controller);
  need.met = (v1 != nullptr && !v1->is_v2) || (v2 != nullptr && v2->is_v2);
  if (!need.met) {
    need.reason = fmt::format(
        "no cgroup hierarchy here offers the {}; mount one, or, in a container, let it see the "
        "host's /sys/fs/cgroup",
        both);
  }
  return need;
}

bool uses_v1(const sys::HostFacts& host, std::string_view v1_controller) {
  const sys::Controller* found = host.controller(v1_controller);
  return found != nullptr && !found->is_v2;
}

Result<std::vector<change::Request>> limit_victims(const CgroupLimit& limit, const Facts& facts,
                                                   const Choices& choices, std::uint64_t ordinal) {
  const Place place = TRY(place_of(limit, facts.host));
  const auto known = facts.cgroups.find(place.controller);
  std::map<std::string, std::vector<sys::Process>> by_group;
  for (const sys::Process& victim : facts.victims) {
    std::string directory = place.root;
    if (known != facts.cgroups.end()) {
      const auto found = known->second.find(victim.id.pid);
      if (found != known->second.end()) directory = found->second;
    }
    by_group[directory].push_back(victim);
  }
  std::vector<change::Request> requests;
  for (const auto& [directory, victims] : by_group) {
    if (!place.is_v2 || directory == place.root) {
      requests.push_back(fence(directory, place.is_v2 ? limit.v2 : limit.v1, victims,
                               choices.bits(directory, "fence", ordinal)));
      continue;
    }
    for (const auto& [name, value] : limit.v2) {
      requests.push_back({"cgroup.attribute",
                          {{"path", fmt::format("{}/{}", directory, name)}, {"value", value}}});
    }
  }
  return requests;
}

}  // namespace squall::fault
