// Ways for a child of a test to be SIGKILLed in the middle of what it does.
#pragma once

#include <cstdint>

#include "core/duration.h"

namespace squall::change {

// The kernel kills this process `delay` from now, whatever it is doing then.
void die_after(Duration delay);

// Kills this process right before the calling thread's call number `count` (from 1) of those that
// can change a host: making, writing, renaming, removing, limiting, signalling, moving ... So a
// loop over `count` tries every point at which such a thread can be cut off. A thread started here
// watches the calls through seccomp user notification. False where the kernel does not offer that.
bool die_before_call(std::uint64_t count);

}  // namespace squall::change
