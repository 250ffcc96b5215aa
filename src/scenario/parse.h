// Scenario text to Plan: names, defaults, references and the seed settled, every mistake reported
// at once. The language is described in docs/SCENARIOS.md.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "core/diagnostics.h"
#include "faults/fault.h"
#include "probes/probe.h"
#include "scenario/plan.h"
#include "scenario/references.h"

namespace squall::scenario {

struct Options {
  const fault::Catalogue& faults;
  const probe::Catalogue& probes;
  // `own` is taken from the document and ignored here.
  Sources sources = {};
  std::uint64_t seed = 0;
  // Multiplies at, for, step, baseline and every within; 0.001 to 10.
  double time_scale = 1;
};

// Nothing when any mistake was found. `file` is only the name that messages begin with.
std::optional<Plan> parse_scenario(const std::string& text, const std::string& file,
                                   const Options& options, Diagnostics& diagnostics);

}  // namespace squall::scenario
