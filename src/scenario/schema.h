// The JSON Schema (draft 2020-12) of the scenario language, for editors: completion, descriptions
// and early underlining. Generated from the same tables that the reader of documents uses. The
// reader is stricter: units, names of checks and references are judged there only.
#pragma once

#include "core/node.h"
#include "faults/fault.h"
#include "probes/probe.h"

namespace squall::scenario {

json::object schema(const fault::Catalogue& faults, const probe::Catalogue& probes);

}  // namespace squall::scenario
