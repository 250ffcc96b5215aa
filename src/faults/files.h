// What the faults of files share: paths that are checked and files that are there.
#pragma once

#include <string>
#include <string_view>

#include "faults/fault.h"

namespace squall::fault {

// Code::invalid unless the path begins with a slash; `parameter` is named in the message.
Status check_full_path(std::string_view parameter, const std::string& path);

// The regular file at this path. Code::not_found when there is none.
Result<FileFacts> existing_file(const Facts& facts, const std::string& path);

// Its text. Code::invalid when it is too large to be looked into.
Result<std::string> content_of(const Facts& facts, const std::string& path);

}  // namespace squall::fault
