// A run told in plain lines, one for each thing that happens: for logs, pipes and terminals that
// cannot redraw. Each begins with the time since the start of the run.
//
//      2.000 s  fault     process.pause strikes redis-server (pid 4711)
//      2.001 s  applied   stops pid 4711; to undo: continues pid 4711
#pragma once

#include <string>

#include "cli/live_state.h"

namespace squall::cli {

class PlainLines {
 public:
  explicit PlainLines(const fault::Catalogue& faults) : state_(faults) {}

  // The lines that an event is worth, each with its line feed; most are worth none.
  std::string read(const engine::Event& event, const Style& style);

 private:
  LiveState state_;
};

}  // namespace squall::cli
