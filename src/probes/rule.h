// A rule is a tolerance as a tree: which values are looked at, and what is demanded of each.
//
// Judging knows three answers. Unknown is what a demand says of a value that is not there or that
// is of another type, and so does its opposite: neither `< 5 ms` nor `not: "< 5 ms"` holds for a
// latency that could not be measured. Only yes makes a sample good. A `not` is gone after reading:
// it has been pushed down to the leaves, where it is a flag, by De Morgan's laws.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/json_path.h"
#include "core/pattern.h"
#include "probes/probe.h"
#include "probes/quantity.h"

namespace squall::probe {

enum class Comparison { less, less_or_equal, greater, greater_or_equal };
std::string_view sign_of(Comparison comparison);
// less -> greater_or_equal
Comparison opposite(Comparison comparison);

struct Rule {
  enum class Kind {
    all,       // of the children
    any,       // of the children
    value,     // the child, of the value `name` of the sample
    path,      // the child, of every value that `path` chooses; with `some`, of one of them
    equal,     // to `expected`
    order,     // `comparison` with `low`
    range,     // from `low` to `high`, both included
    matches,   // `pattern`
    contains,  // `text`, or as an element of an array `expected`
    present,   // is there at all
  };

  Kind kind = Kind::all;
  std::vector<Rule> children;
  std::string name;
  std::optional<JsonPath> path;
  bool some = false;

  // Leaves only.
  bool negated = false;
  ValueType type = ValueType::json;  // how the value is read
  json::value expected = nullptr;    // canonical, as a sample would hold it
  Comparison comparison = Comparison::less;
  Quantum low;
  Quantum high;
  std::optional<Pattern> pattern;
  std::string text;
};

enum class Truth { no, unknown, yes };

struct Finding {
  Truth truth = Truth::yes;
  std::string why;  // what is broken or unknown; empty when yes
};

Finding evaluate(const Rule& rule, const Sample& sample);
// "status is 200 and latency < 500 ms"
std::string describe(const Rule& rule);
// True when a part of it looks at one of the values that say whether the target was there at all.
bool asks_for_presence(const Rule& rule);

}  // namespace squall::probe
