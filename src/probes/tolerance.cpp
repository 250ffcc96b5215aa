#include "probes/tolerance.h"

#include "probes/rule.h"
#include "probes/rule_reader.h"

namespace squall::probe {

Tolerance Tolerance::parse(const Node& node, const Kind& kind, Diagnostics& diagnostics) {
  Tolerance tolerance;
  const bool demands_nothing = node.is_null() || (node.is_mapping() && node.entries.empty());
  if (demands_nothing) return tolerance;
  ReadRule read = read_rule(node, kind, diagnostics);
  if (!read.rule) return tolerance;
  tolerance.source_ = std::move(read.source);
  tolerance.forgives_problems_ = asks_for_presence(*read.rule);
  tolerance.rule_ = std::make_shared<const Rule>(std::move(*read.rule));
  return tolerance;
}

Judgement Tolerance::judge(const Sample& sample) const {
  if (!sample.problem.empty() && !forgives_problems_) return {false, sample.problem};
  if (!rule_) return {};
  Finding finding = evaluate(*rule_, sample);
  return {finding.truth == Truth::yes, std::move(finding.why)};
}

std::string Tolerance::describe() const {
  return rule_ ? probe::describe(*rule_) : "the target answers";
}

}  // namespace squall::probe
