// The mounts of another process: what stands where in its mount namespace, and taking one away.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/process.h"

namespace squall::sys {

// A line of /proc/PID/mountinfo (proc(5)).
struct Mount {
  std::int64_t id = 0;
  std::int64_t parent = 0;
  std::string point;  // as the process sees it
  std::string type;   // "tmpfs"
  std::string source;
  std::int64_t peer_group = 0;  // what happens here happens to all of the group; 0 = to nobody else
};
// In the order in which they were mounted. Lines that cannot be understood are left out.
std::vector<Mount> parse_mounts(std::string_view mountinfo);
// Code::not_found when the process is gone.
Result<std::vector<Mount>> read_mounts(std::int64_t pid);
// The innermost mount on which the path lies; nullptr for an empty table.
const Mount* mount_of(const std::vector<Mount>& mounts, std::string_view path);

// Takes exactly this mount out of our mount namespace, also when it is in use or its server is
// dead; who has files open in it keeps them. False, and nothing is done, when something else is
// mounted over it. Never waits for the filesystem.
Result<bool> detach_mount(const Mount& mount);

// "mnt:[4026531841]" of a process; Code::not_found when it is gone.
Result<std::string> mount_namespace_of(std::int64_t pid);
// Any process in the namespace of that name; Code::not_found when nobody is left in it.
Result<ProcessId> member_of_mount_namespace(const std::string& name);

// Enters the mount namespace of a process, and its root folder, for good. Call in a process of its
// own with one thread. Code::refused without CAP_SYS_ADMIN and CAP_SYS_CHROOT.
Status enter_mounts_of(const ProcessId& id);
// Runs `work` in a short-lived child that has entered. The child dies with us.
Status within_mounts_of(const ProcessId& id, const std::function<Status()>& work);

}  // namespace squall::sys
