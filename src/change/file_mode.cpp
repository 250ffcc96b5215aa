// file.mode: a file or folder has another mode, owner or group.
//
// Journaled: what it had and what it shall have are on record before. It is changed through a
// descriptor that was checked to be the recorded file. The owner comes first, because a change of
// owner takes the set-user-id and set-group-id bits away; so between the two steps the mode may be
// the old one without them. The undo accepts that, and gives back only what is still either the old
// or the new: anything else was set by somebody else, and then all of it is left and reported.
//
// Access lists are not touched; as the kernel has it, the group bits of the mode are their mask.
#include <cerrno>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/typed.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/file_identity.h"
#include "sys/place.h"

namespace squall::change {
namespace {

struct FileMode {
  std::string path;
  std::string mode;
  std::int64_t owner = -1;
  std::int64_t group = -1;
};

constexpr std::int64_t id_max = (1LL << 32) - 2;

const param::Table<FileMode> table{{
    param::field("path", &FileMode::path, {.about = "The file or folder.", .required = true}),
    param::field("mode", &FileMode::mode, {.about = "Its new mode, octal: 0000 to 7777."}),
    param::field("owner", &FileMode::owner,
                 {.about = "The number of its new owner; -1 keeps it.", .min = -1, .max = id_max}),
    param::field("group", &FileMode::group,
                 {.about = "The number of its new group; -1 keeps it.", .min = -1, .max = id_max}),
}};

constexpr std::uint32_t set_id_bits = 06000;

struct Rights {
  std::uint32_t mode = 0;
  std::uint32_t owner = 0;
  std::uint32_t group = 0;
  friend bool operator==(const Rights&, const Rights&) = default;
};

std::string render(const Rights& rights) {
  return fmt::format("{:04o} {}:{}", rights.mode, rights.owner, rights.group);
}

json::object to_json(const Rights& rights) {
  return {{"mode", rights.mode}, {"owner", rights.owner}, {"group", rights.group}};
}

Rights rights_at(const json::object& before, std::string_view key) {
  const json::object* object = object_at(before, key);
  if (object == nullptr) return {};
  return {static_cast<std::uint32_t>(integer_at(*object, "mode")),
          static_cast<std::uint32_t>(integer_at(*object, "owner")),
          static_cast<std::uint32_t>(integer_at(*object, "group"))};
}

Result<std::uint32_t> parse_mode(const std::string& text) {
  std::uint32_t mode = 0;
  for (const char digit : text) {
    if (digit < '0' || digit > '7' || text.size() > 4) {
      return error(Code::invalid, fmt::format("{} is not a mode", quote(text)),
                   "write it in octal: 0000 to 7777");
    }
    mode = mode * 8 + static_cast<std::uint32_t>(digit - '0');
  }
  return mode;
}

// An O_PATH descriptor: rights are needed on the file's folder, not on the file.
struct Target {
  sys::Fd fd;
  struct stat status {};
  Rights rights;
};

Result<Target> open_target(const std::string& path) {
  const sys::Place place = TRY(sys::open_place(path));
  Target target;
  target.fd = TRY(sys::open_at(place, place.name, O_PATH));
  if (::fstat(target.fd.get(), &target.status) != 0) {
    return errno_error(errno, "looking at " + printable(path));
  }
  const mode_t type = target.status.st_mode & S_IFMT;
  if (type != S_IFREG && type != S_IFDIR) {
    return error(Code::invalid, printable(path) + " is neither a file nor a folder");
  }
  target.rights = {target.status.st_mode & 07777U, target.status.st_uid, target.status.st_gid};
  return target;
}

Result<Rights> wanted_rights(const FileMode& params, const Rights& now) {
  Rights wanted = now;
  if (!params.mode.empty()) wanted.mode = TRY(parse_mode(params.mode));
  if (params.owner >= 0) wanted.owner = static_cast<std::uint32_t>(params.owner);
  if (params.group >= 0) wanted.group = static_cast<std::uint32_t>(params.group);
  return wanted;
}

Result<Footprint> footprint(const FileMode& params) {
  const std::string path = TRY(sys::real_path(params.path));
  const Target target = TRY(open_target(path));
  return Footprint{.paths = {path},
                   .resources = {"mode " + path, fmt::format("mode {}:{}", target.status.st_dev,
                                                             target.status.st_ino)}};
}

Result<json::object> capture(const FileMode& params) {
  const std::string path = TRY(sys::real_path(params.path));
  const Target target = TRY(open_target(path));
  const Rights wanted = TRY(wanted_rights(params, target.rights));
  if (wanted == target.rights) {
    return error(Code::invalid,
                 fmt::format("{} has these rights already ({})", printable(path), render(wanted)));
  }
  return json::object{{"path", path},
                      {"file", TRY(sys::file_identity(target.fd))},
                      {"old", to_json(target.rights)},
                      {"new", to_json(wanted)}};
}

bool is_recorded_file(const Target& target, const json::object& before) {
  const Result<std::string> identity = sys::file_identity(target.fd);
  return identity.ok() && *identity == text_at(before, "file");
}

// The mode of an O_PATH descriptor is set through its name in /proc.
Status set_rights(const Target& target, const Rights& rights, const std::string& path) {
  const int fd = target.fd.get();
  if (target.rights.owner != rights.owner || target.rights.group != rights.group) {
    if (::fchownat(fd, "", rights.owner, rights.group, AT_EMPTY_PATH) != 0) {
      return errno_error(errno, "setting the owner of " + printable(path));
    }
  }
  const std::string name = fmt::format("/proc/self/fd/{}", fd);
  if (::chmod(name.c_str(), rights.mode) != 0) {
    return errno_error(errno, "setting the mode of " + printable(path));
  }
  return ok();
}

Result<json::object> apply(const FileMode&, const json::object& before) {
  const std::string path = text_at(before, "path");
  const Target target = TRY(open_target(path));
  if (!is_recorded_file(target, before) || target.rights != rights_at(before, "old")) {
    return error(Code::conflict, printable(path) + " was changed while squall looked at it");
  }
  TRY_VOID(set_rights(target, rights_at(before, "new"), path));
  return json::object{};
}

// Old, new, or cut off between the two.
bool may_be_ours(const Rights& now, const Rights& was, const Rights& wanted) {
  const auto is_one = [](std::uint32_t value, std::uint32_t one, std::uint32_t other) {
    return value == one || value == other;
  };
  return is_one(now.owner, was.owner, wanted.owner) && is_one(now.group, was.group, wanted.group) &&
         (is_one(now.mode, was.mode, wanted.mode) ||
          is_one(now.mode, was.mode & ~set_id_bits, wanted.mode & ~set_id_bits));
}

Result<Presence> verify(const FileMode&, const json::object& before) {
  const Target target = TRY(open_target(text_at(before, "path")));
  if (!is_recorded_file(target, before)) return Presence::foreign;
  if (target.rights == rights_at(before, "old")) return Presence::absent;
  return target.rights == rights_at(before, "new") ? Presence::in_force : Presence::foreign;
}

Result<Reverted> revert(const FileMode&, const json::object& before) {
  const std::string path = text_at(before, "path");
  const Rights was = rights_at(before, "old");
  Result<Target> found = open_target(path);
  if (!found.ok()) {
    if (found.error().code == Code::not_found) {
      return Reverted{Ending::gone, path + " was removed"};
    }
    if (found.error().code == Code::failed) return Error(found.error());
    return Reverted{Ending::foreign, found.error().message};
  }
  const Target target = std::move(*found);
  if (!is_recorded_file(target, before)) {
    return Reverted{Ending::foreign, path + " is another file now"};
  }
  if (target.rights == was) return Reverted{Ending::was_absent, "the rights stand as before"};
  if (!may_be_ours(target.rights, was, rights_at(before, "new"))) {
    return Reverted{Ending::foreign,
                    fmt::format("somebody else changed the rights of {} to {}; they were {}", path,
                                render(target.rights), render(was))};
  }
  TRY_VOID(set_rights(target, was, path));
  return Reverted{Ending::restored, ""};
}

std::string describe(const FileMode& params) {
  std::string text = "give " + printable(params.path);
  if (!params.mode.empty()) text += " the mode " + printable(params.mode);
  if (params.owner >= 0) text += fmt::format(" the owner {}", params.owner);
  if (params.group >= 0) text += fmt::format(" the group {}", params.group);
  return text;
}

std::string undo(const FileMode& params) {
  return fmt::format(
      "give {} its recorded mode, owner and group back, unless somebody else "
      "changed them",
      printable(params.path));
}

}  // namespace

extern const Kind kind_file_mode;
const Kind kind_file_mode = make_kind<FileMode>({
    .name = "file.mode",
    .about = "A file or folder has another mode, owner or group.",
    .keeping = Keeping::journaled,
    .survives_reboot = true,
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
