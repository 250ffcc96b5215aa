// Control groups of a test's own, for daemons which make more of them below: made in the hierarchy
// of version 2, and gone from every hierarchy with all that lives in them when the object is.
#pragma once

#include <cerrno>
#include <optional>
#include <string>

#include <sys/stat.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::sys {

// Depth first; a group stays busy for a moment after its last process.
inline void remove_private_group(const std::string& group) {
  const Duration deadline = monotonic_now() + seconds(2);
  while (::rmdir(group.c_str()) != 0 && errno != ENOENT && monotonic_now() < deadline) {
    const Result<std::vector<std::string>> inside = list_subfolders(group);
    if (inside.ok()) {
      for (const std::string& name : *inside) remove_private_group(group + "/" + name);
    }
    sleep_until(monotonic_now() + milliseconds(1));
  }
}

class PrivateGroup {
 public:
  // Where version 2 is mounted.
  static std::optional<std::string> v2_mount() {
    for (const char* mount : {"/sys/fs/cgroup", "/sys/fs/cgroup/unified"}) {
      if (exists(std::string(mount) + "/cgroup.controllers")) return mount;
    }
    return std::nullopt;
  }

  // `name` begins with a slash. There must be a version 2.
  explicit PrivateGroup(std::string name) : name_(std::move(name)), path_(*v2_mount() + name_) {
    CHECK(::mkdir(path_.c_str(), 0755) == 0, "a control group can be made");
  }
  ~PrivateGroup() {
    std::vector<std::string> everywhere{path_};
    const Result<std::vector<std::string>> mounts = list_subfolders("/sys/fs/cgroup");
    if (mounts.ok()) {
      for (const std::string& mount : *mounts) {
        everywhere.push_back("/sys/fs/cgroup/" + mount + name_);
      }
    }
    // A process that version 1 has frozen does not die before it is thawed.
    for (const std::string& group : everywhere) thaw(group);
    static_cast<void>(write_control(path_ + "/cgroup.kill", "1").ok());
    for (const std::string& group : everywhere) remove_private_group(group);
  }
  PrivateGroup(const PrivateGroup&) = delete;
  PrivateGroup& operator=(const PrivateGroup&) = delete;

  const std::string& name() const { return name_; }  // as daemons take it: "/NAME"
  const std::string& path() const { return path_; }  // in version 2

 private:
  static void thaw(const std::string& group) {
    if (!exists(group + "/freezer.state")) return;
    static_cast<void>(write_control(group + "/freezer.state", "THAWED").ok());
    const Result<std::vector<std::string>> inside = list_subfolders(group);
    if (!inside.ok()) return;
    for (const std::string& name : *inside) thaw(group + "/" + name);
  }

  std::string name_;
  std::string path_;
};

}  // namespace squall::sys
