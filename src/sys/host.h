// What this host is and offers, looked up once and shown to people: the facts that faults plan with
// and the reasons why something is not possible here.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/units.h"

namespace squall::sys {

// One thing that a fault needs, answered for this host.
struct Need {
  std::string what;  // "write access to the cpu controller"
  bool met = true;
  std::string reason;  // why not, and what to do; empty when met
};

// Where a controller of control groups is to be reached. A controller is bound either to a version
// 1 hierarchy or to the one of version 2, never to both.
struct Controller {
  std::string mount;  // "/sys/fs/cgroup/memory"
  bool is_v2 = false;
};

struct HostFacts {
  int cores = 1;
  Bytes memory;  // installed
  bool is_root = false;
  bool may_administer_network = false;  // CAP_NET_ADMIN in this user namespace
  bool may_signal_others = false;       // CAP_KILL
  bool may_raise_limits = false;        // CAP_SYS_RESOURCE
  bool may_schedule = false;            // CAP_SYS_NICE
  bool has_nf_tables = false;           // nf_tables answers a question
  bool may_watch_files = false;         // fanotify lets us decide over accesses to files
  // By the kernel's names: "cpu", "memory", "pids", "cpuset"; disks are "blkio" on version 1 and
  // "io" on version 2.
  std::map<std::string, Controller, std::less<>> controllers;
  std::string kernel;  // "6.18.44"

  // nullptr when this host does not offer it.
  const Controller* controller(std::string_view name) const;
};

HostFacts look_at_host();

// Whether this process has a capability in force, by its number in <linux/capability.h>.
bool has_capability(int number);

}  // namespace squall::sys
