// The twin: a process that does nothing but wait for the guardian to die, and then becomes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::guardian {

struct TwinProcess {
  sys::Fd pidfd;
  sys::Fd farewell;  // a word through it, and the twin leaves too
};

// Runs `command` with "--guardian PID --start TICKS --farewell-fd N" appended.
Result<TwinProcess> spawn_twin(const std::vector<std::string>& command);
// Tells the twin to leave, waits for it, and kills it if it does not.
void say_goodbye(const sys::Fd& farewell, const sys::Fd& pidfd);
// Takes the exit status of a dead child.
void reap(const sys::Fd& pidfd);
// From /proc/self/fdinfo; 0 when it is gone.
std::int64_t pid_of(const sys::Fd& pidfd);

}  // namespace squall::guardian
