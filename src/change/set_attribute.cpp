#include "change/set_attribute.h"

#include <fmt/core.h>
#include <sys/stat.h>

#include "change/cgroup_attributes.h"
#include "core/text.h"
#include "sys/cgroup.h"
#include "sys/file.h"

namespace squall::change {
namespace {

std::int64_t inode_of(const std::string& folder) {
  struct stat status {};
  if (::lstat(folder.c_str(), &status) != 0) return 0;
  return static_cast<std::int64_t>(status.st_ino);
}

bool is_gone(const json::object& record) {
  return inode_of(sys::folder_of(text_at(record, "path"))) != integer_at(record, "group");
}

}  // namespace

Result<std::string> attribute_path(const std::string& path, const std::string& value) {
  TRY_VOID(check_attribute(sys::name_of(path), value));
  const std::string folder = TRY(sys::real_path(sys::folder_of(path)));
  TRY_VOID(sys::cgroup_hierarchy_of(folder));
  return folder + "/" + sys::name_of(path);
}

Result<json::object> record_attribute(const std::string& path, const std::string& value) {
  const std::string real = TRY(attribute_path(path, value));
  const std::int64_t group = inode_of(sys::folder_of(real));
  const std::string shown = TRY(read_attribute(real, value));
  return json::object{{"path", real},
                      {"group", group},
                      {"value", value},
                      {"before", shown},
                      {"after", attribute_after(sys::name_of(real), shown, value)}};
}

Status set_attribute(const json::object& record) {
  const std::string path = text_at(record, "path");
  const std::string value = text_at(record, "value");
  if (is_gone(record)) {
    return error(Code::not_found, fmt::format("the control group of {} is gone", path));
  }
  TRY_VOID(write_attribute(path, value));
  const std::string shown = TRY(read_attribute(path, value));
  if (shown == text_at(record, "after")) return ok();
  return error(Code::failed,
               fmt::format("{} shows {} after {} was written", path, quote(shown), quote(value)));
}

Result<Presence> attribute_presence(const json::object& record) {
  if (is_gone(record)) return Presence::absent;
  const std::string shown = TRY(read_attribute(text_at(record, "path"), text_at(record, "value")));
  if (shown == text_at(record, "before")) return Presence::absent;
  return shown == text_at(record, "after") ? Presence::in_force : Presence::foreign;
}

Result<Reverted> unset_attribute(const json::object& record) {
  const std::string path = text_at(record, "path");
  const Result<Presence> presence = attribute_presence(record);
  if (is_gone(record)) return Reverted{Ending::gone, "the control group was removed"};
  switch (TRY(presence)) {
    case Presence::absent:
      return Reverted{Ending::was_absent, "the value is as before"};
    case Presence::foreign:
      return Reverted {
        Ending::foreign,
            fmt::format("somebody else wrote {} to {}",
                        quote(TRY(read_attribute(path, text_at(record, "value")))), path)
      };
    case Presence::in_force:
      break;
  }
  TRY_VOID(write_attribute(path, text_at(record, "before")));
  return Reverted{Ending::restored, ""};
}

}  // namespace squall::change
