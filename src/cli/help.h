// The help texts, made from the tables of the commands.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace squall::cli {

// What `squall --help` says.
std::string general_help(const std::vector<Command>& commands, const Style& style);
// What `squall COMMAND --help` says. `path` is "squall run" or "squall ledger verify".
std::string command_help(const Command& command, const std::string& path, const Style& style);
// "squall run SCENARIO [options]"
std::string usage_line(const Command& command, const std::string& path);

}  // namespace squall::cli
