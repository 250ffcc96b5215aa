// Looking at every thread of a process under observation.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"
#include "witness/subject.h"

namespace squall::witness {

struct ThreadCount {
  int matching = 0;
  int others = 0;
  bool all() const { return matching > 0 && others == 0; }
};

// Counts the living threads by what `matches` says of the text of /proc/PID/task/TID/`name`; empty
// stands for a text that cannot be understood, which is an error. Threads that end meanwhile and
// those that have ended (state Z) say nothing. Nobody is counted when the process has ended.
Result<ThreadCount> count_threads(
    const Subject& subject, const std::string& name,
    const std::function<std::optional<bool>(std::string_view)>& matches);

}  // namespace squall::witness
