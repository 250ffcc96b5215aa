// What the owner of a host allows squall, whoever asks: limits on what may be in force at once, and
// what of the host is kept in reserve for everybody else.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"

namespace squall::guardian {

// A part of a resource: a share of all there is of it, or an amount in its own unit.
struct Reserve {
  double share = 0;
  double amount = 0;  // counts where it is not 0

  double of(double total) const { return amount > 0 ? amount : share * total; }
};

struct Policy {
  std::int64_t changes_max = 64;
  std::int64_t processes_max = 64;
  double cores_max = 0;                      // 0 = the cores of this host
  bool allow_commands = true;                // programs of the user, see check_programs
  std::vector<std::string> protected_paths;  // beside the built-in ones
  std::vector<std::string> allowed_paths;    // where a database's own files may be touched
  std::vector<int> protected_ports;          // beside 22
  // Kept for everybody else: changes that take from the host are refused what would leave less, and
  // end when half of it is gone.
  Reserve memory_reserve{.share = 0.1};
  Reserve disk_reserve{.share = 0.05};  // of space; a share counts for inodes as well
  Reserve descriptors_reserve{.share = 0.1};
  Reserve processes_reserve{.share = 0.1};
  std::vector<std::string> guarded_disks;  // paths on filesystems that need a reserve beside the
                                           // host's own
};

inline constexpr std::string_view usual_policy_file = "/etc/squall/guardian.conf";

// Lines "name value"; '#' starts a comment. A missing file is the default policy; a wrong line is
// Code::invalid and named. docs/SAFETY.md lists the names.
Result<Policy> read_policy(const std::string& path);

}  // namespace squall::guardian
