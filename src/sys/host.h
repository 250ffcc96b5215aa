// What this host is and offers, looked up once and shown to people: the facts that faults plan with
// and the reasons why something is not possible here.
#pragma once

#include <optional>
#include <string>
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

struct HostFacts {
  int cores = 1;
  Bytes memory;  // installed
  bool is_root = false;
  bool may_administer_network = false;     // CAP_NET_ADMIN in this user namespace
  bool may_signal_others = false;          // CAP_KILL
  bool may_raise_limits = false;           // CAP_SYS_RESOURCE
  bool has_nf_tables = false;              // nf_tables answers a question
  std::optional<std::string> cpu_v1_root;  // mount point of the v1 cpu controller
  std::optional<std::string> cpu_v2_root;  // mount point of cgroup2 when it offers cpu
  std::string kernel;                      // "6.18.44"
};

HostFacts look_at_host();

}  // namespace squall::sys
