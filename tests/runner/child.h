// Runs one test program to its end: in a session of its own, its output in a file, with a time
// limit, and with nothing left of it afterwards.
//
// This process is the subreaper of everything that a test starts, however often it forks: what
// outlives its test becomes our child, is given a moment to leave by itself, is named, and is
// killed.
#pragma once

#include <map>
#include <string>
#include <vector>

namespace squall::runner {

struct Program {
  std::vector<std::string> argv;                   // argv[0] is a path
  std::map<std::string, std::string> environment;  // added to this process's own
  std::string log;                                 // takes both outputs
  double limit_seconds = 600;
};

struct Ending {
  enum class Kind { exited, killed, timed_out, interrupted, not_started };
  Kind kind = Kind::exited;
  int code = 0;  // the exit code, the signal, or the errno
  double seconds = 0;
  std::vector<std::string> left_behind;  // "squall-guardian (pid 4711)"

  bool is_clean() const { return kind == Kind::exited && code == 0; }
};

// Call once, before any thread: makes this process the subreaper, and SIGINT, SIGTERM and SIGHUP
// interrupt what runs in place of ending us.
void adopt_orphans();
Ending run(const Program& program);
// "exit code 3", "killed by SIGSEGV"
std::string describe(const Ending& ending);

double now_seconds();  // CLOCK_MONOTONIC

}  // namespace squall::runner
