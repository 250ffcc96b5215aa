// Selector says which processes a fault or a probe means. All given criteria must match; at least
// one must be given.
#pragma once

#include <cstdint>
#include <string>

#include "core/units.h"

namespace squall {

struct Selector {
  std::string name;          // the kernel's process name (comm), glob
  std::string command_line;  // a text within the command line, arguments joined by one space
  std::int64_t pid = 0;
  std::string pid_file;     // a file whose first word is the pid
  std::string unit;         // systemd unit: the processes of its cgroup
  std::string cgroup;       // path below the cgroup root, descendants included
  std::int64_t parent = 0;  // children of this pid
  std::string user;         // owner, name or number
  std::int64_t port = 0;    // listens on this TCP or UDP port, in whatever network namespace
  std::string container;    // id of a container, or at least its first 12 hexadecimal digits

  std::string pick = "all";  // one | all | a count ("3") | a share ("30 %")

  bool empty() const {
    return name.empty() && command_line.empty() && pid == 0 && pid_file.empty() && unit.empty() &&
           cgroup.empty() && parent == 0 && user.empty() && port == 0 && container.empty();
  }
  friend bool operator==(const Selector&, const Selector&) = default;
};

// "name redis-server, unit redis.service; pick one"
std::string describe(const Selector& selector);

}  // namespace squall
