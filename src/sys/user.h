// Users and groups of this host, by name or number.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"

namespace squall::sys {

// A number as it is, a name as the host's databases know it, which may ask a directory service: so
// never where nothing may block. Code::not_found for an unknown name, Code::invalid for a number
// that is none.
Result<std::uint32_t> user_id(const std::string& user);
Result<std::uint32_t> group_id(const std::string& group);

}  // namespace squall::sys
