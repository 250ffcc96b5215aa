// Time. One monotonic source for every measurement; wall time only beside it, for people.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <stop_token>
#include <string>

#include "core/duration.h"

namespace squall::sys {

// CLOCK_MONOTONIC, as a duration since an arbitrary start that all processes of one boot share.
Duration monotonic_now();
// CLOCK_BOOTTIME: goes on while the host sleeps; leases are counted in it.
Duration boottime_now();
// CPU time that the calling thread has used.
Duration thread_cpu_time();
// CPU time that all threads of a process, anybody's, have used; nullopt when it is gone.
std::optional<Duration> process_cpu_time(std::int64_t pid);
// RFC 3339 in UTC with milliseconds: "2026-03-01T12:00:00.123Z".
std::string wall_time_text();
// Nanoseconds since the Unix epoch, for ordering records across boots.
std::int64_t wall_nanoseconds();
// /proc/sys/kernel/random/boot_id, or "unknown".
std::string boot_id();

// Sleeps until `deadline` on CLOCK_MONOTONIC or until a stop is asked for. True: the deadline came.
bool sleep_until(Duration deadline, std::stop_token stop = {});

// Lowers the timer slack of this thread to 1 ns, so that wake-ups are not batched.
void use_precise_timers();

}  // namespace squall::sys
