// Where a process finds the programs that it starts by name.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/process.h"

namespace squall::sys {

// The PATH that the process was started with; one that it set later is not seen. Code::unsupported
// when it sees other files than we do (a container), Code::refused when we may not look.
Result<std::string> search_path_of(const ProcessId& id);

// Every executable file of this name in the folders of `search_path`, in their order, each once.
// Links of folders are resolved, those of the name itself are not.
std::vector<std::string> find_in_search_path(std::string_view name, std::string_view search_path);

}  // namespace squall::sys
