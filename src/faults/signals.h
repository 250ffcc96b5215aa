// Signals that are meant to end somebody.
#pragma once

#include <string>

#include "core/result.h"

namespace squall::fault {

// For the parameter `signal` of a fault that kills. Code::invalid when it is no signal, or one that
// whoever gets it survives unless they ask otherwise (signal(7)). `victim` is "process", "service";
// `instead` names the faults for such signals.
Status check_ending_signal(const std::string& signal, const std::string& victim,
                           const std::string& instead);

}  // namespace squall::fault
