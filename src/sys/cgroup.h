// Control groups: where their hierarchies are mounted, in which group a process stands, and opening
// their files without being led elsewhere.
//
// On cgroup v1 a process stands in one group of each hierarchy ("cpu", "memory" ...), on cgroup v2
// in one group altogether. A group is a directory below the mount point of its hierarchy.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/fd.h"
#include "sys/process.h"

namespace squall::sys {

struct CgroupHierarchy {
  std::string mount;  // "/sys/fs/cgroup/cpu"
  // The group that the mount point shows, as /proc/PID/cgroup names it: "/" but in some containers.
  std::string root = "/";
  bool is_v2 = false;
  std::vector<std::string> options;  // v1: mount options, the controllers or "name=..." among them
};

// From the text of /proc/PID/mountinfo, in mount order.
std::vector<CgroupHierarchy> parse_cgroup_mounts(std::string_view mountinfo);
// The directory of a process in this hierarchy, from the text of its /proc/PID/cgroup. nullopt when
// it stands in none, or in one that cannot be reached through this mount.
std::optional<std::string> cgroup_directory(std::string_view proc_cgroup,
                                            const CgroupHierarchy& hierarchy);

// The mounted hierarchy that an absolute real path lies in. Code::invalid when it lies in none.
Result<CgroupHierarchy> cgroup_hierarchy_of(const std::string& path);
// Code::not_found when the process is gone.
Result<std::string> cgroup_directory_of(ProcessId id, const CgroupHierarchy& hierarchy);

// The pids in the group itself, not in those below it; empty when it is gone. Processes of other
// pid namespaces, which have no number here, are left out.
std::vector<std::int64_t> cgroup_direct_members(const std::string& directory);
// Moves a process with all its threads. Code::not_found when it ended, before or meanwhile.
Status move_to_cgroup(ProcessId id, const std::string& directory);
// The group, or the nearest one above it that still exists; at most up to the mount point.
std::string nearest_cgroup(std::string directory, const CgroupHierarchy& hierarchy);

// Opens a file or directory of a hierarchy; the last part of the path may not be a link. Code::
// invalid when it belongs to another filesystem.
Result<Fd> open_in_cgroup(const std::string& path, int flags);

}  // namespace squall::sys
