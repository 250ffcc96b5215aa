// Stop conditions: when what is measured has been beyond its line for long enough, the run must
// end.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/prober.h"
#include "scenario/plan.h"

namespace squall::engine {

// The latest reading of the host's own load, as fractions.
struct Load {
  double cpu = 0;
  double memory = 0;
};

class StopWatch {
 public:
  explicit StopWatch(const scenario::Plan& plan) : plan_(plan), since_ns_(plan.stops.size()) {}

  // The sentence of the first condition that is met now; nothing otherwise. Samples planned before
  // `from_ns` (the first fault) do not count.
  std::optional<std::string> check(const Prober& prober, const Load& load, std::int64_t from_ns,
                                   std::int64_t now_ns);

 private:
  const scenario::Plan& plan_;
  std::vector<std::optional<std::int64_t>> since_ns_;  // since when each condition holds
};

// What a condition's metric is now; nothing when there are no samples to take it from.
std::optional<double> measure(const scenario::StopCondition& condition, const Prober& prober,
                              const Load& load, std::int64_t from_ns, std::int64_t now_ns);
bool is_beyond(const scenario::StopCondition& condition, double value);

}  // namespace squall::engine
