// Programs of the user that run with our rights: found as a shell would find them, and trusted only
// when nobody else could have put another one in their place.
#pragma once

#include <string>
#include <vector>

#include "core/result.h"
#include "sys/command.h"

namespace squall::sys {

// The real path of a program given as a path or as a name to be looked up in PATH. Code::not_found
// when there is none, Code::invalid when it is no executable file, Code::refused when somebody
// other than root, this user and `user` could write to it or to a folder on the way to it.
Result<std::string> find_trusted_program(const std::string& name, const std::string& user = "");

// The command as another user would start it: with no group but his own, no way to more rights, and
// his HOME. An empty user is ours. Code::not_found when there is no such user, Code::refused when
// we may not become him, Code::unsupported without setpriv(1).
Result<Command> as_user(Command command, const std::string& user);

// Kills every process that has `name`=`value` in its environment, and waits until they ended.
// Code::timed_out when one does not. Those whose environment we may not read are not ours.
Status kill_bearers(const std::string& name, const std::string& value);

}  // namespace squall::sys
