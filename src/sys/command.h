// Runs a program to its end and keeps what it wrote. No shell is involved: the program gets exactly
// the arguments given.
//
// The program runs in a process group of its own with /dev/null as its input, no other descriptor
// of ours, no blocked signals, and an environment that holds nothing but PATH, HOME, LANG, TMPDIR
// and USER (as this process has them) and what is asked for. When it ends, when its time is over or
// when a stop is asked for, the whole group is killed. A descendant that makes a session of its own
// escapes that.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "core/units.h"
#include "sys/patience.h"

namespace squall::sys {

struct Command {
  std::vector<std::string> argv;  // argv[0] is a path, or a name looked up in PATH
  std::string directory;          // to start in; empty = this process's own
  std::map<std::string, std::string> environment;
  Bytes output_limit{64 << 10};  // for each of the two outputs; the rest is read and thrown away
};

struct CommandResult {
  enum class End { exited, killed, timed_out, stopped };
  End end = End::exited;
  int exit_code = 0;  // exited only
  int signal = 0;     // killed only: by whom does not matter
  std::string output;
  std::string error_output;
  bool output_was_cut = false;
  bool error_output_was_cut = false;
  Duration took;
};

// Code::invalid for an empty argv, a text with a NUL or a variable name with "=". Looks at no file.
Status check_command(const Command& command);

// Errors: those above; Code::not_found when there is no such program or folder, Code::refused when
// it may not be run.
Result<CommandResult> run_command(const Command& command, Patience& patience);

}  // namespace squall::sys
