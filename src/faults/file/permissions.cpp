// file.permissions: a file or folder cannot be used any more by those who need it, or can be by
// everybody: the wrong mode, owner or group, as after a restore or a careless chmod.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/files.h"
#include "faults/needs.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Permissions {
  std::string path;
  std::string mode;
  std::string owner;
  std::string group;
};

const param::Table<Permissions> table{{
    param::field("path", &Permissions::path,
                 {.about = "The file or folder, with its full path.", .required = true}),
    param::field("mode", &Permissions::mode,
                 {.about = "The new mode in octal, in quotes: \"0000\" to \"7777\"."}),
    param::field("owner", &Permissions::owner, {.about = "The new owner, name or number."}),
    param::field("group", &Permissions::group, {.about = "The new group, name or number."}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("the file must be squall's own, unless squall runs as root")};
}

bool is_mode(const std::string& text) {
  return text.size() <= 4 && text.find_first_not_of("01234567") == std::string::npos;
}

Status check(const Permissions& permissions) {
  TRY_VOID(check_full_path("path", permissions.path));
  if (!is_mode(permissions.mode)) {
    return error(Code::invalid, fmt::format("mode: {} is no mode", quote(permissions.mode)),
                 "write it in octal and in quotes: \"0000\" to \"7777\"");
  }
  if (!permissions.mode.empty() || !permissions.owner.empty() || !permissions.group.empty()) {
    return ok();
  }
  return error(Code::invalid, "neither mode nor owner nor group is given",
               "say what shall be different: mode: \"0000\"");
}

Wants wants(const Permissions& permissions) {
  Wants wanted{.files = {permissions.path}};
  if (!permissions.owner.empty()) wanted.users = {permissions.owner};
  if (!permissions.group.empty()) wanted.groups = {permissions.group};
  return wanted;
}

Result<Strike> plan(const Permissions& permissions, const Facts& facts, const Choices&,
                    std::uint64_t) {
  const auto found = facts.files.find(permissions.path);
  const bool is_folder = found != facts.files.end() && found->second.is_folder;
  if (!is_folder) TRY_VOID(existing_file(facts, permissions.path));
  json::object request{{"path", permissions.path}, {"mode", permissions.mode}};
  if (!permissions.owner.empty()) request["owner"] = facts.users.at(permissions.owner);
  if (!permissions.group.empty()) request["group"] = facts.groups.at(permissions.group);
  return Strike{.changes = {{"file.mode", std::move(request)}},
                .watches = {{"file.mode", {{"path", permissions.path}}}},
                .target = printable(permissions.path)};
}

}  // namespace

extern const Kind kind_file_permissions;
const Kind kind_file_permissions = kind_of<Permissions>({
    .name = "file.permissions",
    .summary = "A file or folder has the wrong mode, owner or group.",
    .mechanism =
        "Owner, group and mode are set through a descriptor that was checked to be the file meant.",
    .undo = "The old ones are set again. They are in the journal beforehand: if squall dies or the "
            "host reboots, the guardian or the next start of squall sets them. If somebody else "
            "changed them meanwhile, that is reported and left.",
    .limits =
        "Rights are checked when a file is opened: programs that hold it open do not notice. "
        "Programs that run as root pass every check. Access lists and attributes such as "
        "immutable are not touched. What was written to a folder while everybody could is not "
        "undone.",
    .example = R"({"path": "/var/lib/example/spool", "mode": "0500"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
