// The one sentence at the end of a run that says what was learnt.
#pragma once

#include <string>

#include "engine/evidence.h"
#include "engine/rules.h"

namespace squall::engine {

// `reasons` are those of the verdict, most important first; a held run needs none.
std::string what_was_learnt(const Evidence& evidence, Outcome outcome, const Findings& reasons);

// What a held run showed, one sentence per check and gate.
Findings what_held(const Evidence& evidence);

}  // namespace squall::engine
