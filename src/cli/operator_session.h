// The ssh session that an operator sits in, so that it is never cut.
#pragma once

#include <string>

namespace squall::cli {

// The value of SSH_CONNECTION of this process or, because sudo takes it out of the environment, of
// the closest ancestor that has it and may be read. Empty when nobody came by ssh.
std::string find_ssh_connection();

}  // namespace squall::cli
