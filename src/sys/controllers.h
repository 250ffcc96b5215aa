// Controllers of control groups: which hierarchy carries one, and what its files say of a group and
// of those above it, whose limits hold as well. Both versions, told apart by the hierarchy.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/cgroup.h"

namespace squall::sys {

// By the kernel's name: "memory", "pids". nullopt when no mounted hierarchy offers it.
std::optional<CgroupHierarchy> hierarchy_with(std::string_view controller);

// The group and all above it, innermost first, the mount point last.
std::vector<std::string> groups_upward(std::string directory, const CgroupHierarchy& hierarchy);

// The number that a file of the group holds. With a key, the value of the line "KEY VALUE", as in
// memory.events. nullopt when there is no such file or line, or for "max" and what means the same.
std::optional<std::uint64_t> group_number(const std::string& directory, std::string_view file,
                                          std::string_view key = {});

// What a limiting controller says of one group. Bytes for memory, tasks for pids.
struct GroupUse {
  std::uint64_t used = 0;
  std::optional<std::uint64_t> limit;
};
// `controller` is memory or pids. nullopt for groups that are not counted, such as a root.
std::optional<GroupUse> group_use(std::string_view controller, const std::string& directory,
                                  const CgroupHierarchy& hierarchy);

}  // namespace squall::sys
