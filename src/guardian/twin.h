// The twin: a process that does nothing but wait for the guardian to die, and then becomes it. The
// guardian's pulse reaches it through a pipe. A guardian that hangs keeps faults in force that
// nobody can undo, so one whose pulse stops is killed, and then it is dead.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "sys/fd.h"

namespace squall::guardian {

// What the guardian says through the pipe, one character each.
enum class Pulse : char {
  waiting = 'h',   // sleeps until something happens; says so again within `longest_quiet`
  working = 'w',   // is at one step of a change, which may take `longest_work`
  farewell = 'q',  // nobody needs it any more; the twin leaves too
};
constexpr Duration pulse_pause = milliseconds(250);
constexpr Duration longest_quiet = seconds(2);
constexpr Duration longest_work = seconds(30);

struct TwinProcess {
  sys::Fd pidfd;
  sys::Fd pulse;
};

// Runs `command` with "--guardian PID --start TICKS --pulse-fd N" appended.
Result<TwinProcess> spawn_twin(const std::vector<std::string>& command);
// Never blocks: a twin that does not listen is no reason to wait.
void beat(const TwinProcess& twin, Pulse pulse);
// Tells the twin to leave, waits for it, and kills it if it does not.
void say_goodbye(const TwinProcess& twin);
// Takes the exit status of a dead child.
void reap(const sys::Fd& pidfd);
// From /proc/self/fdinfo; 0 when it is gone.
std::int64_t pid_of(const sys::Fd& pidfd);

}  // namespace squall::guardian
