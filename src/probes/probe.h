// The contract of a probe: one measurement of the target. With a tolerance it becomes a check.
//
// Kinds are leaves: one file each, one line in catalog.cpp, nobody includes them.
#pragma once

#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "core/duration.h"
#include "core/node.h"
#include "core/result.h"
#include "param/table.h"

namespace squall::probe {

// What one measurement found. `values` holds every value of the kind that could be read; one that
// is missing could not. A target that was not reached has `problem` set, and that alone breaks any
// tolerance which does not ask for it. If not even an attempt could be made (a stop was asked for,
// no descriptors are left), `reached` is missing too: nothing is claimed about the target.
struct Sample {
  json::object values;  // quantities in canonical text: {"status": 200, "latency": "12 ms"}
  std::string problem;  // "connection refused by 127.0.0.1:80"; empty when the target answered
};

class Probe {
 public:
  virtual ~Probe() = default;
  // Takes one measurement within `timeout`. Called from several threads at once: open-loop probing
  // has many in flight. Returns early, with a problem, when a stop is asked for.
  virtual Sample take(Duration timeout, std::stop_token stop) const = 0;
};

// One value that a kind measures.
struct Value {
  std::string name;   // "status"
  std::string type;   // "whole number", "duration", "size", "text", "yes or no", "json"
  std::string about;  // one sentence
};

struct Kind {
  std::string_view name;     // "http"
  std::string_view about;    // one sentence: what it does to the target and what it learns
  std::string_view limits;   // what it cannot do, and the bounds it keeps
  std::string_view example;  // a check as a JSON object: {"http": {...}, "expect": {...}}
  const param::AnyTable* table = nullptr;
  std::vector<Value> values;  // the first is `reached`, which every kind has
  // Touches nothing. Fails on parameters that are each right but make no sense together or in
  // detail, such as a URL without a host.
  std::function<Result<std::unique_ptr<Probe>>(const json::object& params)> open;
};

using Catalogue = std::vector<const Kind*>;
const Catalogue& catalogue();
// nullptr when there is no such kind.
const Kind* find(const Catalogue& kinds, std::string_view name);

}  // namespace squall::probe
