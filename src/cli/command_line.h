// From the words of a command line to the command that they mean. The only user of CLI11.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace squall::cli {

// Finds the command, fills what it takes, and executes it. Returns the exit code of the program;
// wrong use is told on the standard error and is 2. `words` are those after the program's name.
int execute_command_line(const std::vector<std::string>& words, const Context& context);

// The whole of main: `version` is what --version says.
int squall_main(int count, char** words, const std::string& version, std::vector<Command> commands);

}  // namespace squall::cli
