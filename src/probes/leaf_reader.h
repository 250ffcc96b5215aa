// Reads the leaves of a tolerance: what is demanded of one value, without the words that combine
// demands. Each function returns a rule and the canonical document it came from; mistakes go to
// `diagnostics`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/diagnostics.h"
#include "core/node.h"
#include "probes/rule_reader.h"

namespace squall::probe {

// The value that a demand is about.
struct Target {
  std::string label;  // "latency", "$.state"
  ValueType type = ValueType::json;
};

class LeafReader {
 public:
  explicit LeafReader(Diagnostics& diagnostics) : diagnostics_(diagnostics) {}

  // A bare scalar: a comparison, a range, or else equality.
  ReadRule read_scalar(const Target& target, const Node& node, bool negated);
  // A value to be equal to; its source is wrapped in {equals: ...} where a scalar would be misread.
  ReadRule read_equality(const Target& target, const Node& node, bool negated);
  // What stands under the words.
  ReadRule read_equals(const Target& target, const Node& node, bool negated);
  ReadRule read_between(const Target& target, const Node& node, bool negated);
  ReadRule read_matches(const Target& target, const Node& node, bool negated);
  ReadRule read_contains(const Target& target, const Node& node, bool negated);
  ReadRule read_present(const Target& target, const Node& node, bool negated);
  // Adds "label: message".
  ReadRule mistake(const Target& target, Mark mark, std::string_view message, std::string hint);

 private:
  std::optional<bool> read_truth(const Target& target, const Node& node);
  std::optional<Quantum> read_quantum(const Target& target, std::string_view text, Mark mark);
  ReadRule read_comparison(const Target& target, const Node& node, bool negated);
  ReadRule read_ends(const Target& target, Mark mark, std::string_view from, std::string_view to,
                     bool negated);

  Diagnostics& diagnostics_;
};

}  // namespace squall::probe
