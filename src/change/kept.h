// The name under which an original is kept, in its own folder, while something else is done to it.
#pragma once

#include <string>
#include <string_view>

#include "core/node.h"

namespace squall::change {

// ".NAME.squall-ID", where ID comes from the parameters of the change: the same change finds it
// again after a crash. A long name is cut, so that the result fits into a folder.
std::string kept_name(std::string_view name, const json::object& params);

}  // namespace squall::change
