// Completion scripts for shells, made by walking the commands: what the parser takes is what a
// shell offers.
#pragma once

#include <string>
#include <vector>

#include "cli/command.h"

namespace squall::cli {

std::string bash_completion(const std::vector<Command>& commands);
std::string zsh_completion(const std::vector<Command>& commands);
std::string fish_completion(const std::vector<Command>& commands);

}  // namespace squall::cli
