// How change kinds use squall-reach, the program that holds the clients of other people's services
// (reach/reach.h): it is started as a child, gets its parameters, and says in one line how it went.
// It dies with the process that started it.
#pragma once

#include <memory>
#include <string_view>

#include "change/change.h"
#include "core/duration.h"

namespace squall::change {

// From now on a squall-reach stands ready for the next call of this process, so that none takes the
// time in which a program starts.
void keep_reach_ready();

// Runs a verb to its end and returns its facts. Its own error, or Code::timed_out when there is no
// answer within the limit; then the program is killed and what it did is unknown.
Result<json::object> reach_call(std::string_view verb, const json::object& params, Duration limit);

// Starts a verb that serves, and waits until it is in force. The handle ends it: its input closes,
// and when it has not left within a second it is killed.
Result<std::unique_ptr<Held>> reach_hold(std::string_view verb, const json::object& params,
                                         Duration limit);

}  // namespace squall::change
