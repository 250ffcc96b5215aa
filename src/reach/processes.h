// How verbs tell which processes they speak of.
#pragma once

#include <vector>

#include "core/node.h"

namespace squall::reach {

// [{"pid", "start_ticks"}], since a number alone names nothing for long. Those that ended are left
// out.
json::array identities(const std::vector<std::int64_t>& pids);

}  // namespace squall::reach
