#include "sys/cgroup.h"

#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/magic.h>
#include <sys/vfs.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

bool contains(const std::vector<std::string>& words, const std::string& word) {
  return std::find(words.begin(), words.end(), word) != words.end();
}

// "/a/b" is at or below "/a", and everything is below "/".
bool is_at_or_below(std::string_view path, std::string_view folder) {
  if (folder == "/") return path.starts_with('/');
  return path.starts_with(folder) && (path.size() == folder.size() || path[folder.size()] == '/');
}

// "ID:controllers:/group", where the group may hold colons of its own.
struct Membership {
  std::string controllers;
  std::string group;
};

std::optional<Membership> parse_membership(const std::string& line) {
  const std::size_t first = line.find(':');
  if (first == std::string::npos) return std::nullopt;
  const std::size_t second = line.find(':', first + 1);
  if (second == std::string::npos) return std::nullopt;
  return Membership{line.substr(first + 1, second - first - 1), line.substr(second + 1)};
}

}  // namespace

std::vector<CgroupHierarchy> parse_cgroup_mounts(std::string_view mountinfo) {
  // "36 35 0:30 ROOT POINT options [optional fields] - TYPE source OPTIONS"
  std::vector<CgroupHierarchy> hierarchies;
  for (const std::string& line : split(mountinfo, '\n')) {
    const std::vector<std::string> fields = split(line, ' ');
    const auto dash = std::find(fields.begin(), fields.end(), "-");
    if (fields.size() < 10 || fields.end() - dash < 4 || dash - fields.begin() < 6) continue;
    const std::string& type = dash[1];
    if (type != "cgroup" && type != "cgroup2") continue;
    CgroupHierarchy hierarchy{.mount = fields[4], .root = fields[3], .is_v2 = type == "cgroup2"};
    if (!hierarchy.is_v2) hierarchy.options = split(dash[3], ',');
    hierarchies.push_back(std::move(hierarchy));
  }
  return hierarchies;
}

std::optional<std::string> cgroup_directory(std::string_view proc_cgroup,
                                            const CgroupHierarchy& hierarchy) {
  for (const std::string& line : split(proc_cgroup, '\n')) {
    const std::optional<Membership> place = parse_membership(line);
    if (!place) continue;
    const bool is_meant = hierarchy.is_v2
                              ? place->controllers.empty()
                              : !place->controllers.empty() &&
                                    contains(hierarchy.options, split(place->controllers, ',')[0]);
    if (!is_meant) continue;
    // "/.." leads out of the cgroup namespace of the reader.
    if (place->group.starts_with("/..") || !is_at_or_below(place->group, hierarchy.root)) {
      return std::nullopt;
    }
    const std::string below =
        hierarchy.root == "/" ? place->group : place->group.substr(hierarchy.root.size());
    return below == "/" ? hierarchy.mount : hierarchy.mount + below;
  }
  return std::nullopt;
}

Result<CgroupHierarchy> cgroup_hierarchy_of(const std::string& path) {
  const std::string mountinfo = TRY(read_file("/proc/thread-self/mountinfo"));
  std::optional<CgroupHierarchy> found;
  for (CgroupHierarchy& hierarchy : parse_cgroup_mounts(mountinfo)) {
    if (!is_at_or_below(path, hierarchy.mount)) continue;
    if (found && found->mount.size() > hierarchy.mount.size()) continue;
    found = std::move(hierarchy);
  }
  if (found) return std::move(*found);
  return error(Code::invalid, fmt::format("{} lies in no control group", printable(path)),
               "give a path below a mounted cgroup hierarchy, such as /sys/fs/cgroup");
}

Result<std::string> cgroup_directory_of(ProcessId id, const CgroupHierarchy& hierarchy) {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/cgroup", id.pid), 1 << 20);
  // Looked at afterwards: while this start time is shown, the pid meant this process all along.
  const Result<Process> process = read_process(id.pid);
  if (!text.ok() || !process.ok() || process->id != id) {
    return error(Code::not_found, fmt::format("process {} is gone", id.pid));
  }
  if (std::optional<std::string> directory = cgroup_directory(*text, hierarchy)) {
    return std::move(*directory);
  }
  return error(
      Code::unsupported,
      fmt::format("the group of process {} cannot be seen below {}", id.pid, hierarchy.mount),
      "run squall where the whole cgroup hierarchy is mounted");
}

std::vector<std::int64_t> cgroup_direct_members(const std::string& directory) {
  std::vector<std::int64_t> members;
  const Result<std::string> list = read_file(directory + "/cgroup.procs", 16 << 20);
  if (!list.ok()) return members;
  for (const std::string& line : split(*list, '\n')) {
    std::int64_t pid = 0;
    std::from_chars(line.data(), line.data() + line.size(), pid);
    if (pid > 0) members.push_back(pid);
  }
  return members;
}

Status move_to_cgroup(ProcessId id, const std::string& directory) {
  const Fd pidfd = TRY(open_process(id));
  const Fd file = TRY(open_in_cgroup(directory + "/cgroup.procs", O_WRONLY));
  Status moved = write_all(file, std::to_string(id.pid));
  if (!is_alive(id)) return error(Code::not_found, fmt::format("process {} is gone", id.pid));
  if (moved.ok()) return moved;
  return std::move(moved).error().while_doing(
      fmt::format("moving process {} to {}", id.pid, directory));
}

std::string nearest_cgroup(std::string directory, const CgroupHierarchy& hierarchy) {
  while (directory.size() > hierarchy.mount.size() && !exists(directory + "/cgroup.procs")) {
    directory = folder_of(directory);
  }
  return directory;
}

Result<Fd> open_in_cgroup(const std::string& path, int flags) {
  Fd fd = TRY(open_file(path, flags | O_NOFOLLOW | O_NONBLOCK));
  struct statfs filesystem {};
  if (::fstatfs(fd.get(), &filesystem) != 0) return errno_error(errno, "looking at " + path);
  const auto magic = static_cast<unsigned long>(filesystem.f_type);
  if (magic == CGROUP_SUPER_MAGIC || magic == CGROUP2_SUPER_MAGIC) return fd;
  return error(Code::invalid, fmt::format("{} is not part of a control group", printable(path)));
}

}  // namespace squall::sys
