// The contract of a probe: one measurement of the target. With a tolerance it becomes a check.
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

// What one measurement found. `values` always holds every value that the kind names and that could
// be read; a target that could not be reached has `problem` set, and that alone breaks any
// tolerance which does not ask for it.
struct Sample {
  json::object values;  // quantities in canonical text: {"status": 200, "latency": "12 ms"}
  std::string problem;  // "connection refused"; empty when the target answered
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
  std::string name;  // "status"
  std::string type;  // "whole number", "duration", "size", "text", "yes or no", "json"
  std::string about;
};

struct Kind {
  std::string_view name;  // "http"
  std::string_view about;
  const param::AnyTable* table = nullptr;
  std::vector<Value> values;
  std::function<Result<std::unique_ptr<Probe>>(const json::object& params)> open;
};

using Catalogue = std::vector<const Kind*>;
const Catalogue& catalogue();
const Kind* find(const Catalogue& kinds, std::string_view name);

}  // namespace squall::probe
