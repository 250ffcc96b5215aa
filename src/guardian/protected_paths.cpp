#include "guardian/protected_paths.h"

#include <algorithm>
#include <array>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"
#include "guardian/mounts.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::guardian {
namespace {

// Trees in which a broken file breaks the host itself or the way back into it.
// clang-format off
constexpr std::array<std::string_view, 33> system_trees = {
    "/bin", "/boot", "/dev", "/efi", "/etc/fstab", "/etc/group", "/etc/gshadow", "/etc/init.d",
    "/etc/ld.so.cache", "/etc/ld.so.conf", "/etc/ld.so.conf.d", "/etc/ld.so.preload",
    "/etc/nsswitch.conf", "/etc/pam.d", "/etc/passwd", "/etc/security", "/etc/shadow",
    "/etc/squall",
    "/etc/ssh", "/etc/sudoers", "/etc/sudoers.d", "/etc/systemd", "/lib", "/lib32", "/lib64",
    "/libx32", "/proc", "/run/systemd", "/sbin", "/sys", "/usr", "/var/lib/dpkg", "/var/lib/rpm"};
// clang-format on

Error refusal(const std::string& path, std::string_view rule,
              std::string next = "choose a file of the target itself") {
  return error(Code::refused, fmt::format("{} is protected: {}", printable(path), rule),
               std::move(next));
}

// Where a path lies in its filesystem, whatever its mount is called; nothing when that cannot be
// told.
struct Judged {
  std::string path;
  std::optional<Location> location;
};

// `tree` protects what is below it, and what it is itself below.
Status check_tree(const Judged& judged, const std::string& tree, const std::string& rule,
                  const MountTable& mounts) {
  const auto meets = [](const std::string& one, const std::string& other) {
    return is_within(one, other) || is_within(other, one);
  };
  if (meets(judged.path, tree)) return refusal(judged.path, rule);
  const Result<std::string> real = sys::real_path(tree);
  if (!real.ok()) return ok();  // there is no such folder
  if (meets(judged.path, *real)) return refusal(judged.path, rule);
  const std::optional<Location> location = mounts.locate(*real);
  if (!judged.location || !location || judged.location->device != location->device) return ok();
  if (!meets(judged.location->path, location->path)) return ok();
  return refusal(
      judged.path,
      fmt::format("it is another path to {} or to something in it (a bind mount): {}", tree, rule));
}

// A tablespace of PostgreSQL lies wherever its link leads, in a folder of this name:
// "PG_15_202209061", the version of the server and that of its catalogue.
bool is_named_like_a_tablespace(std::string_view name) {
  if (!name.starts_with("PG_")) return false;
  const std::size_t second = name.find('_', 3);
  const auto is_number = [](std::string_view text) {
    return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
  };
  return second != std::string_view::npos && is_number(name.substr(3, second - 3)) &&
         is_number(name.substr(second + 1));
}

bool is_regular(const std::string& path) {
  struct stat status {};
  return ::stat(path.c_str(), &status) == 0 && S_ISREG(status.st_mode);
}

// A Redis keeps its data where it works. Old dumps lie in many a folder, so it must be alive.
bool is_home_of_a_redis(const std::string& folder) {
  struct stat own {};
  if (::stat(folder.c_str(), &own) != 0) return false;
  for (const sys::Process& process : sys::list_processes()) {
    if (!process.name.starts_with("redis-") && !process.name.starts_with("valkey-")) continue;
    struct stat home {};
    const std::string link = fmt::format("/proc/{}/cwd", process.id.pid);
    if (::stat(link.c_str(), &home) == 0 && home.st_dev == own.st_dev &&
        home.st_ino == own.st_ino) {
      return true;
    }
  }
  return false;
}

bool holds_a_tablespace(const std::string& folder) {
  const Result<std::vector<std::string>> names = sys::list_folder(folder);
  return names.ok() && std::ranges::any_of(*names, is_named_like_a_tablespace);
}

Status check_databases(const std::string& path, const ProtectedPaths& paths) {
  for (const std::string& allowed : paths.allowed) {
    if (is_within(path, allowed)) return ok();
  }
  for (std::string folder = path; folder != "/"; folder = sys::folder_of(folder)) {
    std::string database = database_of(folder);
    if (database.empty() && folder == path && holds_a_tablespace(path)) database = "PostgreSQL";
    if (database.empty()) continue;
    return refusal(
        path, fmt::format("{} keeps its data in {}", database, folder),
        fmt::format("if that is what you want to break, the operator of this host writes "
                    "into /etc/squall/guardian.conf: allow_path {}",
                    folder));
  }
  return ok();
}

}  // namespace

bool is_within(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
}

std::string database_of(const std::string& folder) {
  struct Marker {
    std::string_view file;
    std::string_view database;
  };
  static constexpr std::array<Marker, 7> markers = {{{"PG_VERSION", "PostgreSQL"},
                                                     {"ibdata1", "MySQL or MariaDB"},
                                                     {"aria_log_control", "MariaDB"},
                                                     {"WiredTiger.wt", "MongoDB"},
                                                     {"storage.bson", "MongoDB"},
                                                     {"member/snap/db", "etcd"},
                                                     {"node.lock", "Elasticsearch"}}};
  for (const Marker& marker : markers) {
    if (is_regular(fmt::format("{}/{}", folder, marker.file))) return std::string(marker.database);
  }
  // The log of a PostgreSQL is often a link to a faster disk; this folder is in it wherever it
  // lies.
  if (sys::exists(folder + "/archive_status")) return "PostgreSQL";
  if (is_named_like_a_tablespace(folder.substr(folder.rfind('/') + 1))) return "PostgreSQL";
  const bool may_be_redis = is_regular(folder + "/dump.rdb") ||
                            is_regular(folder + "/appendonly.aof") ||
                            sys::exists(folder + "/appendonlydir");
  return may_be_redis && is_home_of_a_redis(folder) ? "a live Redis" : "";
}

Status check_protected(const std::string& path, const ProtectedPaths& paths) {
  if (!path.starts_with('/') || path == "/") return refusal(path, "it is the root folder");
  const MountTable mounts = MountTable::read();
  const Judged judged{path, mounts.locate(path)};
  for (const std::string_view tree : system_trees) {
    const std::string rule = fmt::format("the host itself needs {}", tree);
    TRY_VOID(check_tree(judged, std::string(tree), rule, mounts));
  }
  if (path.find("/.ssh/") != std::string::npos || path.ends_with("/.ssh")) {
    return refusal(path, "ssh keys open the way back in");
  }
  TRY_VOID(check_tree(judged, paths.state_folder, "squall's own state", mounts));
  TRY_VOID(check_tree(judged, "/proc/self/exe", "squall's own program", mounts));
  for (const std::string& tree : paths.by_policy) {
    TRY_VOID(check_tree(judged, tree, fmt::format("the policy protects {}", tree), mounts));
  }
  for (const std::string& tree : paths.by_runs) {
    TRY_VOID(check_tree(judged, tree, fmt::format("a target map protects {}", tree), mounts));
  }
  TRY_VOID(check_databases(path, paths));
  struct stat status {};
  if (::lstat(path.c_str(), &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink <= 1) {
    return ok();
  }
  return error(Code::refused,
               fmt::format("{} has {} hard links; the others could be files of the host",
                           printable(path), status.st_nlink),
               "use a copy, or remove the other links");
}

}  // namespace squall::guardian
