// What became of a run whose runner died: the guardian undid its changes when nobody was left to
// write that into the timeline. Its journal knows.
#pragma once

#include <string>
#include <vector>

#include "engine/timeline.h"

namespace squall::cli {

// Adds, to the timeline of a run that did not come to its own end, a `change_reverted` for each
// change that the journal in `state` has as undone. What it has as in force, or has forgotten,
// stays as the timeline tells it.
void tell_aftermath(const std::string& state, const std::string& run,
                    std::vector<engine::Event>& timeline);

}  // namespace squall::cli
