// cgroup.attribute: one attribute of an existing control group has another value.
//
// All processes of the group, now and later, feel it. Journaled, because the value stays when the
// one who wrote it dies. The undo writes the old value back if the file still shows ours, as the
// kernel spells it; any other value is a third party's and is left. A group that was removed, or
// removed and made again under the same name, has nothing to undo.
//
// Only attributes of a closed list (cgroup_attributes.h) and only files of a mounted cgroup
// hierarchy are written. Where two attributes bound each other (cpu.cfs_quota_us and
// cpu.cfs_period_us), the order of the changes matters: they are undone newest first.
#include <cerrno>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/cgroup_attributes.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/cgroup.h"
#include "sys/file.h"

namespace squall::change {
namespace {

struct CgroupAttribute {
  std::string path;
  std::string value;

  std::string name() const { return sys::name_of(path); }
};

const param::Table<CgroupAttribute> table{{
    param::field("path", &CgroupAttribute::path,
                 {.about = "The file of the attribute.", .required = true}),
    param::field("value", &CgroupAttribute::value,
                 {.about = "What is written to it.", .required = true}),
}};

// The real path of the attribute, after all that can be checked without reading it.
Result<std::string> checked_path(const CgroupAttribute& params) {
  TRY_VOID(check_attribute(params.name(), params.value));
  const std::string folder = TRY(sys::real_path(sys::folder_of(params.path)));
  TRY_VOID(sys::cgroup_hierarchy_of(folder));
  return folder + "/" + params.name();
}

// What tells a control group from a later one of the same name.
std::int64_t inode_of(const std::string& folder) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) return 0;
  return static_cast<std::int64_t>(status.st_ino);
}

Result<Footprint> footprint(const CgroupAttribute& params) {
  const std::string path = TRY(checked_path(params));
  return Footprint{.paths = {path}, .resources = {"cgroup attribute " + path}};
}

Result<json::object> capture(const CgroupAttribute& params) {
  const std::string path = TRY(checked_path(params));
  const std::int64_t group = inode_of(sys::folder_of(path));
  const std::string shown = TRY(read_attribute(path, params.value));
  return json::object{{"path", path},
                      {"group", group},
                      {"before", shown},
                      {"after", attribute_after(params.name(), shown, params.value)}};
}

bool is_gone(const json::object& before) {
  const std::string folder = sys::folder_of(text_at(before, "path"));
  return inode_of(folder) != integer_at(before, "group");
}

Result<json::object> apply(const CgroupAttribute& params, const json::object& before) {
  if (is_gone(before)) {
    return error(Code::not_found, fmt::format("the control group of {} is gone", params.path));
  }
  TRY_VOID(write_attribute(text_at(before, "path"), params.value));
  const std::string shown = TRY(read_attribute(text_at(before, "path"), params.value));
  if (shown == text_at(before, "after")) return json::object{};
  return error(Code::failed, fmt::format("{} shows {} after {} was written", params.path,
                                         quote(shown), quote(params.value)));
}

Result<Presence> verify(const CgroupAttribute& params, const json::object& before) {
  if (is_gone(before)) return Presence::absent;
  const std::string shown = TRY(read_attribute(text_at(before, "path"), params.value));
  if (shown == text_at(before, "before")) return Presence::absent;
  return shown == text_at(before, "after") ? Presence::in_force : Presence::foreign;
}

Result<Reverted> revert(const CgroupAttribute& params, const json::object& before) {
  const std::string path = text_at(before, "path");
  const Result<Presence> presence = verify(params, before);
  if (is_gone(before)) return Reverted{Ending::gone, "the control group was removed"};
  switch (TRY(presence)) {
    case Presence::absent:
      return Reverted{Ending::was_absent, "the value is as before"};
    case Presence::foreign:
      return Reverted {
        Ending::foreign, fmt::format("somebody else wrote {} to {}",
                                     quote(TRY(read_attribute(path, params.value))), path)
      };
    case Presence::in_force:
      break;
  }
  TRY_VOID(write_attribute(path, text_at(before, "before")));
  return Reverted{Ending::restored, ""};
}

std::string describe(const CgroupAttribute& params) {
  return fmt::format("write {} to {}", quote(params.value), printable(params.path));
}

std::string undo(const CgroupAttribute& params) {
  return fmt::format("write the old value to {} back, unless somebody else changed it",
                     printable(params.path));
}

}  // namespace

extern const Kind kind_cgroup_attribute;
const Kind kind_cgroup_attribute = make_kind<CgroupAttribute>({
    .name = "cgroup.attribute",
    .about = "One attribute of an existing control group has another value.",
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
