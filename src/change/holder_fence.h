// A fence around a holder that takes something from the host: a control group of its own, with a
// limit a little above what was asked for. Should the holder ever take more than it was told to, or
// should the host run dry, the kernel strikes the holder and nobody else.
//
// The group (its name starts with "squall-") is made by the holder, which moves itself in before it
// takes anything. The kernel does not remove a group with its last process, so the kinds that use a
// fence remove it in their `revert`.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "change/change.h"
#include "core/duration.h"

namespace squall::change {

// Where the fence `name` of a child of this process is to be made, for this controller. On version
// 1 inside this process's own group, so that its limits go on holding; on version 2, where
// processes stand in leaves only, in the nearest group above that hands the controller down. An
// empty name means no fence, and gives an empty path. Code::invalid for a bad name, Code::conflict
// when the group exists already, Code::unsupported where none can be made.
Result<std::string> place_holder_fence(std::string_view controller, const std::string& name);

// One limit as both versions spell it: {"memory.limit_in_bytes", "memory.max"}.
struct FenceLimit {
  std::string_view v1;
  std::string_view v2;
  std::int64_t value = 0;
};
// In the holder: makes the group, sets the limit, moves this process in.
Status enter_holder_fence(const std::string& path, const FenceLimit& limit);

// After the holder has gone. A process that somebody else put into the fence moves to the group
// above it; a group that somebody made inside is left and reported. An empty path has nothing to
// remove.
Result<Reverted> remove_holder_fence(const std::string& path);

// The holder that is on record in the before-image of a held change; pid 0 when none is yet.
sys::ProcessId recorded_holder(const json::object& before);

// How long it has been there; zero when it is not known.
Duration age_of_holder(const json::object& before);

// Raises the holder's score for the kernel's out-of-memory killer to the highest: should the host
// or a group around it run out of memory, the holder dies first.
Status become_first_victim();

}  // namespace squall::change
