// The picture of a run in a terminal, as lines: a pure function of what is known, of the time, and
// of what the terminal can show.
//
//   redis-pause  Redis hangs for two seconds                              seed 42
//   baseline > FAULT > recovery > restore               3.4 s, at most 6.1 s left
//
//   process.pause         ━━━━━━━━           in force for 1.4 s, 0.6 s left: redis-server (pid
//   4711) ping          ▁▁▁▁▂▁▁▁××××××××           14 of 68 bad: connection refused cpu
//   ▁▁▂▃▁▁▁▁▁▁▁▂▁▁▁▁           12 %, memory 1.2 GiB
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/live_state.h"
#include "cli/style.h"

namespace squall::cli {

// No line is wider than the style's width, and there are fewer lines than its height.
std::vector<std::string> render_live(const LiveState& state, std::int64_t now_ns,
                                     const Style& style);

}  // namespace squall::cli
