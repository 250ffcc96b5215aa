// container.limits: the control group of a container allows less memory, CPU time or processes.
//
// Written to the attributes themselves, where the daemon writes its own limits, and not by an order
// to the daemon: it could not be told to undo it. "docker update" takes no memory limit back from a
// container that had none (0 means no change, and -1 is below its minimum), and no number of CPUs
// either; and it would keep the new limits over a restart.
//
// Journaled, because the values stay when the one who wrote them dies. Each attribute is undone for
// itself: where it still shows our value, the old one is written back, and any other value is a
// third party's. A container that was restarted or removed has a new group, or none, and there is
// nothing to undo.
#include <cmath>

#include <fmt/core.h>

#include "change/containers.h"
#include "change/services.h"
#include "change/set_attribute.h"
#include "change/typed.h"
#include "core/text.h"
#include "param/optional_codec.h"
#include "sys/container.h"
#include "sys/file.h"

namespace squall::change {
namespace {

struct ContainerLimits : Container {
  std::optional<Bytes> memory;
  std::optional<Share> cpu;
  std::optional<std::int64_t> processes;
};

param::Table<ContainerLimits> make_table() {
  std::vector<param::Field<ContainerLimits>> fields = container_fields<ContainerLimits>();
  fields.push_back(param::field("memory", &ContainerLimits::memory, {.about = "The most memory."}));
  fields.push_back(
      param::field("cpu", &ContainerLimits::cpu, {.about = "CPU time as a share of one core."}));
  fields.push_back(param::field("processes", &ContainerLimits::processes,
                                {.about = "The most processes and threads."}));
  return {std::move(fields)};
}
const param::Table<ContainerLimits> table = make_table();

constexpr std::int64_t period_us = 100'000;  // that of the kernel, and of every daemon

struct Limit {
  std::string v1;  // the names of the attribute in each version
  std::string v2;
  std::string v1_value;
  std::string v2_value;
};

std::vector<Limit> limits_of(const ContainerLimits& params) {
  std::vector<Limit> limits;
  if (params.memory) {
    const std::string bytes = std::to_string(params.memory->count);
    limits.push_back({"memory.limit_in_bytes", "memory.max", bytes, bytes});
  }
  if (params.cpu) {
    const std::string quota =
        std::to_string(std::llround(params.cpu->fraction * static_cast<double>(period_us)));
    limits.push_back(
        {"cpu.cfs_quota_us", "cpu.max", quota, fmt::format("{} {}", quota, period_us)});
  }
  if (params.processes) {
    const std::string most = std::to_string(*params.processes);
    limits.push_back({"pids.max", "pids.max", most, most});
  }
  return limits;
}

Result<json::object> record(const Limit& limit, const std::vector<std::string>& groups) {
  for (const std::string& group : groups) {
    for (const auto& [name, value] :
         {std::pair(limit.v1, limit.v1_value), std::pair(limit.v2, limit.v2_value)}) {
      const std::string path = fmt::format("{}/{}", group, name);
      if (sys::exists(path)) return record_attribute(path, value);
    }
  }
  return error(Code::unsupported,
               fmt::format("the container has no control group with {} or {}", limit.v1, limit.v2),
               "mount that controller, or let squall see the host's /sys/fs/cgroup");
}

Result<json::array> records(const ContainerLimits& params, const json::object& shown) {
  TRY_VOID(check_is_running(params, shown));
  const std::vector<std::string> groups =
      sys::container_groups(processes_of(shown).front(), text_at(shown, "id"));
  json::array made;
  for (const Limit& limit : limits_of(params)) made.push_back(TRY(record(limit, groups)));
  return made;
}

// Those of a before-image.
std::vector<json::object> limits_in(const json::object& before) {
  std::vector<json::object> limits;
  if (const json::array* recorded = array_at(before, "limits")) {
    for (const json::value& one : *recorded) {
      if (one.is_object()) limits.push_back(one.get_object());
    }
  }
  return limits;
}

Result<Footprint> footprint(const ContainerLimits& params) {
  const json::object shown = TRY(show_container(params, params.container));
  Footprint touched = TRY(container_footprint(shown, "limits"));
  for (const json::value& one : TRY(records(params, shown))) {
    touched.paths.push_back(text_at(one.get_object(), "path"));
    touched.resources.push_back("cgroup attribute " + touched.paths.back());
  }
  return touched;
}

Result<json::object> capture(const ContainerLimits& params) {
  const json::object shown = TRY(show_container(params, params.container));
  TRY_VOID(container_footprint(shown, ""));
  json::object before = identity_of(params, shown);
  before["limits"] = TRY(records(params, shown));
  return before;
}

Result<json::object> apply(const ContainerLimits&, const json::object& before) {
  for (const json::object& limit : limits_in(before)) TRY_VOID(set_attribute(limit));
  return json::object{};
}

Result<Presence> verify(const ContainerLimits&, const json::object& before) {
  Presence all = Presence::absent;
  for (const json::object& limit : limits_in(before)) {
    const Presence one = TRY(attribute_presence(limit));
    if (one == Presence::foreign) return one;
    if (one == Presence::in_force) all = one;
  }
  return all;
}

Result<Reverted> revert(const ContainerLimits&, const json::object& before) {
  Reverted all{Ending::gone, "the control group of the container was removed"};
  std::vector<json::object> limits = limits_in(before);
  for (auto limit = limits.rbegin(); limit != limits.rend(); ++limit) {
    const Reverted one = TRY(unset_attribute(*limit));
    if (all.ending == Ending::foreign || one.ending == Ending::gone) continue;
    if (one.ending != Ending::was_absent || all.ending == Ending::gone) all = one;
  }
  return all;
}

std::string describe(const ContainerLimits& params) {
  std::vector<std::string> parts;
  if (params.memory) parts.push_back(render(*params.memory) + " of memory");
  if (params.cpu) parts.push_back(render(*params.cpu) + " of a core");
  if (params.processes) parts.push_back(fmt::format("{} processes", *params.processes));
  return fmt::format("hold {} to {}", params.describe(), list_words(parts, "and"));
}

std::string undo(const ContainerLimits& params) {
  return fmt::format("write the old limits of {} back, unless somebody else changed them",
                     params.describe());
}

}  // namespace

extern const Kind kind_container_limits;
const Kind kind_container_limits = make_kind<ContainerLimits>({
    .name = "container.limits",
    .about = "The control group of a container allows less memory, CPU time or processes.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
