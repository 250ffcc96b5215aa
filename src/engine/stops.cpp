#include "engine/stops.h"

#include <algorithm>
#include <cmath>

#include <fmt/core.h>

#include "core/duration.h"
#include "core/units.h"

namespace squall::engine {
namespace {

// The samples of the checks that a condition speaks of, within its window.
std::vector<Taken> samples_for(const scenario::StopCondition& condition, const Prober& prober,
                               std::int64_t from_ns, std::int64_t now_ns) {
  const std::int64_t window_start = condition.window.nanoseconds > 0
                                        ? std::max(from_ns, now_ns - condition.window.nanoseconds)
                                        : from_ns;
  std::vector<Taken> samples;
  for (std::size_t i = 0; i < prober.size(); ++i) {
    const scenario::PlannedCheck& check = prober.check(i);
    const bool is_meant = condition.check.empty() ? check.demand == scenario::Demand::steady
                                                  : check.name == condition.check;
    if (!is_meant) continue;
    for (Taken& one : prober.taken(i, window_start)) {
      if (check.demand == scenario::Demand::never) one.good = !one.good;
      if (!one.tainted) samples.push_back(std::move(one));
    }
  }
  return samples;
}

double error_rate(const std::vector<Taken>& samples) {
  const auto bad =
      std::count_if(samples.begin(), samples.end(), [](const Taken& one) { return !one.good; });
  return static_cast<double>(bad) / static_cast<double>(samples.size());
}

double latency_p99_seconds(const std::vector<Taken>& samples) {
  std::vector<double> latencies;
  for (const Taken& one : samples) {
    latencies.push_back(static_cast<double>(one.latency_ns()) / 1e9);
  }
  std::sort(latencies.begin(), latencies.end());
  const auto rank =
      static_cast<std::size_t>(std::ceil(0.99 * static_cast<double>(latencies.size())));
  return latencies[std::max<std::size_t>(rank, 1) - 1];
}

std::string value_text(const scenario::StopCondition& condition, double value) {
  if (condition.metric == "latency_p99") return render_rounded(Duration{std::llround(value * 1e9)});
  return fmt::format("{:.3g} %", value * 100);
}

}  // namespace

std::optional<double> measure(const scenario::StopCondition& condition, const Prober& prober,
                              const Load& load, std::int64_t from_ns, std::int64_t now_ns) {
  if (condition.metric == "cpu") return load.cpu;
  if (condition.metric == "memory") return load.memory;
  const std::vector<Taken> samples = samples_for(condition, prober, from_ns, now_ns);
  if (samples.empty()) return std::nullopt;
  if (condition.metric == "latency_p99") return latency_p99_seconds(samples);
  if (condition.metric == "failing") return samples.back().good ? 0.0 : 1.0;
  return error_rate(samples);
}

bool is_beyond(const scenario::StopCondition& condition, double value) {
  if (condition.comparison == ">") return value > condition.threshold;
  if (condition.comparison == ">=") return value >= condition.threshold;
  if (condition.comparison == "<") return value < condition.threshold;
  return value <= condition.threshold;
}

std::optional<std::string> StopWatch::check(const Prober& prober, const Load& load,
                                            std::int64_t from_ns, std::int64_t now_ns) {
  for (std::size_t i = 0; i < plan_.stops.size(); ++i) {
    const scenario::StopCondition& condition = plan_.stops[i];
    const std::optional<double> value = measure(condition, prober, load, from_ns, now_ns);
    if (!value || !is_beyond(condition, *value)) {
      since_ns_[i].reset();
      continue;
    }
    if (!since_ns_[i]) since_ns_[i] = now_ns;
    if (now_ns - *since_ns_[i] < condition.lasting.nanoseconds) continue;
    if (condition.metric == "failing") return condition.text;
    return fmt::format("{} (measured: {})", condition.text, value_text(condition, *value));
  }
  return std::nullopt;
}

}  // namespace squall::engine
