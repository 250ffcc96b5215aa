// Reads the document of a tolerance into a rule. See tolerance.h for the language.
#pragma once

#include <optional>

#include "core/diagnostics.h"
#include "core/node.h"
#include "probes/probe.h"
#include "probes/rule.h"

namespace squall::probe {

struct ReadRule {
  std::optional<Rule> rule;      // empty when nothing is demanded, or after a mistake
  json::value source = nullptr;  // canonical; reading it again gives the same rule and source
};

// A null node demands nothing. Every mistake is added to `diagnostics`, with its place and a hint.
ReadRule read_rule(const Node& node, const Kind& kind, Diagnostics& diagnostics);

}  // namespace squall::probe
