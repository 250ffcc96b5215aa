// Which files are never touched, whoever asks: those that the host needs, a database's own,
// squall's state, and what the operator or a target map protects.
//
// A path is judged by where it really lies. Symbolic links and ".." were resolved before. A bind
// mount gives a folder a second path, so mounts are looked up in the kernel's table and paths are
// compared within their filesystem as well. A file with several hard links is refused, since there
// is no way from one name to the others. What happens to a path between this check and the touch is
// the business of sys/place.h, through which every change of files goes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace squall::guardian {

struct ProtectedPaths {
  std::string state_folder;
  std::vector<std::string> by_policy;
  std::vector<std::string> by_runs;  // of the target maps of the runs that are connected
  std::vector<std::string> allowed;  // where a database's own files may be touched after all
};

// `path` is a real path; its last part may be missing. Code::refused with the rule that fired.
// Above a protected folder is refused as well as below it.
Status check_protected(const std::string& path, const ProtectedPaths& paths);

// True for the folder itself and all that is below it.
bool is_within(std::string_view path, std::string_view folder);

// Which database keeps its data in this folder: "PostgreSQL"; empty when none does.
std::string database_of(const std::string& folder);

}  // namespace squall::guardian
