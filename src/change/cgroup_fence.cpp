// cgroup.fence: processes stand in a control group of their own, with limits that bind only them.
//
// The group (its name starts with "squall-") is made, its attributes are written in the order
// given, and the processes are moved in; each one's former group is on record beforehand. The undo
// first lifts the limits, the last one first: who waits in the kernel because of one would wait for
// ever once moved away from it. Then it moves every process that it finds in the fence back, and
// removes the group: a recorded process to its former group; one that was born inside to that of
// its nearest recorded ancestor, or where all came from one group to that, or to the root of the
// hierarchy. Where a former group was removed meanwhile, the nearest one above it serves. All this
// is right at whatever point apply or an earlier undo was cut off: it looks only at what is there.
//
// A process that a third party moved elsewhere stays there, and so does a group that somebody made
// inside the fence; both are reported. It cannot give back the places of single threads that were
// in other groups than their process (cgroup v1), and a process that reads its own group sees it.
#include <algorithm>
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/cgroup_attributes.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/cgroup.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

struct CgroupFence {
  std::string path;
  json::value attributes = json::array{};
  json::value processes = json::array{};
};

const param::Table<CgroupFence> table{{
    param::field("path", &CgroupFence::path,
                 {.about = "The group to make: squall-... in an existing one.", .required = true}),
    param::field("attributes", &CgroupFence::attributes,
                 {.about = "List of {name, value}, written in this order."}),
    param::field("processes", &CgroupFence::processes,
                 {.about = "List of {pid, start_ticks}: who is moved in.", .required = true}),
}};

constexpr Duration emptying_limit = seconds(1);

struct Attribute {
  std::string name;
  std::string value;
};

struct Member {
  sys::ProcessId id;
  std::string home;  // the directory of its former group
};

Result<std::vector<Attribute>> attributes_of(const CgroupFence& params) {
  if (!params.attributes.is_array()) return error(Code::invalid, "attributes must be a list");
  std::vector<Attribute> attributes;
  for (const json::value& item : params.attributes.get_array()) {
    const json::object* object = item.if_object();
    if (object == nullptr) return error(Code::invalid, "an attribute needs a name and a value");
    attributes.push_back({text_at(*object, "name"), text_at(*object, "value")});
    TRY_VOID(check_attribute(attributes.back().name, attributes.back().value));
  }
  return attributes;
}

std::vector<Member> members_of(const json::value& list) {
  std::vector<Member> members;
  const json::array* items = list.if_array();
  for (std::size_t i = 0; items != nullptr && i < items->size(); ++i) {
    const json::object* item = items->at(i).if_object();
    if (item == nullptr) continue;
    const auto start = static_cast<std::uint64_t>(integer_at(*item, "start_ticks"));
    members.push_back({{integer_at(*item, "pid"), start}, text_at(*item, "home")});
  }
  return members;
}

std::vector<Member> recorded_members(const json::object& before) {
  const json::value* list = before.if_contains("processes");
  return list == nullptr ? std::vector<Member>{} : members_of(*list);
}

// The real path of the fence, after all that can be checked without touching anything.
Result<std::string> checked_path(const CgroupFence& params) {
  TRY_VOID(attributes_of(params));
  const std::string name = sys::name_of(params.path);
  if (!name.starts_with("squall-")) {
    return error(Code::invalid, fmt::format("the group {} must be called squall-...", quote(name)));
  }
  const std::string above = TRY(sys::real_path(sys::folder_of(params.path)));
  TRY_VOID(sys::open_in_cgroup(above, O_RDONLY | O_DIRECTORY));
  if (members_of(params.processes).empty()) return error(Code::invalid, "there are no processes");
  return above + "/" + name;
}

Result<Footprint> footprint(const CgroupFence& params) {
  const std::string path = TRY(checked_path(params));
  const sys::CgroupHierarchy hierarchy = TRY(sys::cgroup_hierarchy_of(path));
  Footprint touched{.paths = {path}, .resources = {"cgroup " + path}};
  for (const Member& member : members_of(params.processes)) {
    touched.processes.push_back(member.id);
    touched.resources.push_back(
        fmt::format("process {} group in {}", member.id.pid, hierarchy.mount));
  }
  return touched;
}

Result<json::object> capture(const CgroupFence& params) {
  const std::string path = TRY(checked_path(params));
  const sys::CgroupHierarchy hierarchy = TRY(sys::cgroup_hierarchy_of(path));
  if (sys::exists(path)) {
    return error(Code::conflict, fmt::format("the control group {} exists already", path));
  }
  json::array processes;
  for (const Member& member : members_of(params.processes)) {
    processes.push_back({{"pid", member.id.pid},
                         {"start_ticks", static_cast<std::int64_t>(member.id.start_ticks)},
                         {"home", TRY(sys::cgroup_directory_of(member.id, hierarchy))}});
  }
  return json::object{{"path", path}, {"processes", std::move(processes)}};
}

Result<json::object> apply(const CgroupFence& params, const json::object& before) {
  const std::string path = text_at(before, "path");
  if (::mkdir(path.c_str(), 0755) != 0) return errno_error(errno, "making the group " + path);
  for (const Attribute& attribute : TRY(attributes_of(params))) {
    TRY_VOID(write_attribute(path + "/" + attribute.name, attribute.value));
  }
  for (const Member& member : recorded_members(before))
    TRY_VOID(sys::move_to_cgroup(member.id, path));
  return json::object{};
}

Result<Presence> verify(const CgroupFence&, const json::object& before) {
  return sys::exists(text_at(before, "path")) ? Presence::in_force : Presence::absent;
}

// Where the undo moves a process that it finds in the fence.
std::string home_of(std::int64_t pid, const std::vector<Member>& members,
                    const sys::CgroupHierarchy& hierarchy) {
  for (const std::int64_t ancestor : sys::ancestors(pid)) {
    const auto found = std::find_if(members.begin(), members.end(), [&](const Member& member) {
      return member.id.pid == ancestor && sys::is_alive(member.id);
    });
    if (found != members.end()) return sys::nearest_cgroup(found->home, hierarchy);
  }
  const bool is_one_home =
      !members.empty() && std::all_of(members.begin(), members.end(), [&](const Member& member) {
        return member.home == members.front().home;
      });
  return is_one_home ? sys::nearest_cgroup(members.front().home, hierarchy) : hierarchy.mount;
}

// Who stands neither at home nor in the fence, as a sentence; empty when nobody does.
std::string strayed(const std::vector<Member>& members, const sys::CgroupHierarchy& hierarchy) {
  std::vector<std::string> places;
  for (const Member& member : members) {
    const Result<std::string> place = sys::cgroup_directory_of(member.id, hierarchy);
    if (!place.ok() || !sys::is_alive(member.id)) continue;
    if (*place == sys::nearest_cgroup(member.home, hierarchy)) continue;
    places.push_back(fmt::format("process {} to {}", member.id.pid, *place));
  }
  return places.empty() ? "" : "somebody else moved " + list_words(places, "and");
}

// The reverse of apply. What the group does not offer was not limited either.
Status lift_limits(const std::string& path, const CgroupFence& params) {
  std::vector<Attribute> attributes = TRY(attributes_of(params));
  std::reverse(attributes.begin(), attributes.end());
  for (const Attribute& attribute : attributes) {
    const Status lifted = write_attribute(path + "/" + attribute.name,
                                          neutral_value(attribute.name, attribute.value));
    if (!lifted.ok() && lifted.error().code != Code::unsupported) return lifted;
  }
  return ok();
}

Result<Reverted> revert(const CgroupFence& params, const json::object& before) {
  const std::string path = text_at(before, "path");
  if (!sys::exists(path)) return Reverted{Ending::was_absent, "there is no such group"};
  const sys::CgroupHierarchy hierarchy = TRY(sys::cgroup_hierarchy_of(path));
  const std::vector<Member> members = recorded_members(before);
  TRY_VOID(lift_limits(path, params));
  const Duration deadline = sys::monotonic_now() + emptying_limit;
  while (true) {
    for (const std::int64_t pid : sys::cgroup_direct_members(path)) {
      const Result<sys::Process> process = sys::read_process(pid);
      if (!process.ok()) continue;
      const Status moved = sys::move_to_cgroup(process->id, home_of(pid, members, hierarchy));
      if (!moved.ok() && moved.error().code != Code::not_found) return Error(moved.error());
    }
    if (::rmdir(path.c_str()) == 0 || errno == ENOENT) break;
    if (errno != EBUSY) return errno_error(errno, "removing the group " + path);
    const std::vector<std::string> inner = TRY(sys::list_subfolders(path));
    if (!inner.empty()) {
      return Reverted{Ending::foreign,
                      fmt::format("somebody made groups in {}: {}. It stays, with its limits "
                                  "lifted; remove it when they are gone",
                                  path, list_words(inner, "and"))};
    }
    if (sys::monotonic_now() >= deadline) {
      return error(Code::timed_out, fmt::format("{} does not become empty", path),
                   "something moves processes into it or forks without end");
    }
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  std::string away = strayed(members, hierarchy);
  if (!away.empty()) return Reverted{Ending::foreign, std::move(away)};
  return Reverted{Ending::restored, ""};
}

std::string describe(const CgroupFence& params) {
  std::string settings;
  if (const Result<std::vector<Attribute>> attributes = attributes_of(params)) {
    for (const Attribute& one : *attributes) {
      settings += fmt::format("{} {} = {}", settings.empty() ? " with" : ",", one.name, one.value);
    }
  }
  return fmt::format("move {} processes into a control group of their own, {}{}",
                     members_of(params.processes).size(), printable(params.path), settings);
}

std::string undo(const CgroupFence& params) {
  return fmt::format("move every process in {} back to its former group, and remove it",
                     printable(params.path));
}

}  // namespace

extern const Kind kind_cgroup_fence;
const Kind kind_cgroup_fence = make_kind<CgroupFence>({
    .name = "cgroup.fence",
    .about = "Processes stand in a control group of their own, with limits that bind only them.",
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
