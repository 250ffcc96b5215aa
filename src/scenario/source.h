// The text of a scenario or a target map, from wherever a person keeps it.
#pragma once

#include <string>

#include "core/duration.h"
#include "core/result.h"

namespace squall::scenario {

inline constexpr std::size_t source_bytes_max = 1 << 20;

// Reads a file, or a pipe such as /dev/stdin. Code::timed_out for a pipe that stays silent for
// `patience`; Code::invalid for more than source_bytes_max.
Result<std::string> read_source(const std::string& path, Duration patience = seconds(10));

}  // namespace squall::scenario
