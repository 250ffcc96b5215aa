// Services watched by runit's runsv or by s6-supervise: a folder each, in which the supervisor
// keeps a status file and listens on a pipe for commands of one letter.
//
// The formats are those of runsv(8) 2.1 and s6-supervise 2.11 to 2.13. Each supervisor writes its
// status file anew and renames it, so that a reader sees one state or the next.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace squall::sys {

struct Supervised {
  std::int64_t pid = 0;       // 0: nothing runs
  bool wants_up = false;      // the supervisor is told to keep it running
  bool is_paused = false;     // stopped by the supervisor's own command
  bool is_finishing = false;  // it ended, and its finish script runs
};

enum class Supervisor { runit, s6 };

// Code::conflict when these bytes are no status.
Result<Supervised> parse_supervised(Supervisor supervisor, std::string_view bytes);
// `folder` is that of the service. Code::not_found when there is none, or no supervisor watches it;
// Code::refused when it is another user's.
Result<Supervised> read_supervised(Supervisor supervisor, const std::string& folder);
// Errors as above. That the letters were taken says nothing of what came of them.
Status command_supervisor(const std::string& folder, std::string_view letters);

}  // namespace squall::sys
