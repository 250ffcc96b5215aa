// Stop conditions: "METRIC [of CHECK] > VALUE" or "failing CHECK".
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"
#include "scenario/parts.h"

namespace squall::scenario {
namespace {

constexpr std::size_t stops_max = 32;

struct Metric {
  std::string_view name;
  bool is_latency;   // a duration; the others are shares
  bool is_of_check;  // taken from samples of checks, over a window
};
constexpr std::array<Metric, 4> metrics = {{
    {"error_rate", false, true},
    {"latency_p99", true, true},
    {"cpu", false, false},
    {"memory", false, false},
}};

constexpr std::string_view grammar =
    "write \"error_rate > 20 %\", \"latency_p99 of NAME > 2 s\", \"cpu > 95 %\", \"memory > 90 %\" "
    "or \"failing NAME\"";

const Metric* find_metric(std::string_view name) {
  for (const Metric& metric : metrics) {
    if (metric.name == name) return &metric;
  }
  return nullptr;
}

// A condition in the making: where it stands and what it may speak of.
struct Context {
  const std::vector<PlannedCheck>& checks;
  Mark mark;
  Diagnostics& diagnostics;

  void complain(std::string message, std::string hint) {
    diagnostics.add(mark, "when: " + std::move(message), std::move(hint));
  }
};

// Only checks that hold all the time can be failing or have a rate of errors.
void check_check(const std::string& name, Context& context) {
  std::vector<std::string> names;
  for (const PlannedCheck& check : context.checks) {
    if (check.demand == Demand::eventually) continue;
    if (check.name == name) return;
    names.push_back(check.name);
  }
  const auto meant = closest(name, names);
  context.complain(fmt::format("there is no check {}", quote(name)),
                   meant           ? fmt::format("did you mean \"{}\"?", *meant)
                   : names.empty() ? "checks of steady_state and during can be named"
                                   : "known: " + list_words(names, "and"));
}

void read_threshold(StopCondition& stop, const Metric& metric, std::string_view text,
                    Context& context) {
  if (metric.is_latency) {
    const Result<Duration> line = parse_duration(text);
    if (line.ok()) {
      stop.threshold = line->seconds();
    } else {
      context.complain(line.error().message, line.error().next);
    }
    return;
  }
  const Result<Share> line = parse_share(text);
  if (!line.ok()) {
    context.complain(line.error().message, line.error().next);
  } else if (line->fraction > 1) {
    context.complain(fmt::format("{} never comes to {}", metric.name, render(*line)),
                     "100 % is the whole host, or every sample");
  } else {
    stop.threshold = line->fraction;
  }
}

// "error_rate of ping" into metric and check.
const Metric* read_subject(StopCondition& stop, std::string_view subject, Context& context) {
  const std::size_t of = subject.find(" of ");
  stop.metric = trim(subject.substr(0, of));
  if (of != std::string_view::npos) stop.check = trim(subject.substr(of + 4));
  const Metric* metric = find_metric(stop.metric);
  if (metric == nullptr) {
    std::vector<std::string> names = {"failing"};
    for (const Metric& one : metrics) names.emplace_back(one.name);
    const auto meant = closest(stop.metric, names);
    context.complain(fmt::format("{} is not a quantity that is watched", quote(stop.metric)),
                     meant ? fmt::format("did you mean \"{}\"?", *meant) : std::string(grammar));
    return nullptr;
  }
  if (stop.check.empty()) return metric;
  if (metric->is_of_check) {
    check_check(stop.check, context);
  } else {
    context.complain(fmt::format("{} is that of the whole host, not of a check", metric->name),
                     fmt::format("leave \"of {}\" out", printable(stop.check)));
  }
  return metric;
}

// Returns the metric, or nullptr for "failing" and after a mistake.
const Metric* read_condition(StopCondition& stop, Context& context) {
  const std::string_view text = trim(stop.text);
  const std::size_t at = text.find_first_of("<>=");
  if (text == "failing" || (text.starts_with("failing ") && at == std::string_view::npos)) {
    stop.metric = "failing";
    stop.comparison = ">=";
    stop.threshold = 1;
    stop.check = trim(text.substr(7));
    check_check(stop.check, context);
    return nullptr;
  }
  if (at == std::string_view::npos) {
    context.complain(fmt::format("{} is not understood", quote(text)), std::string(grammar));
    return nullptr;
  }
  const std::size_t end = std::min(text.find_first_not_of("<>=", at), text.size());
  stop.comparison = text.substr(at, end - at);
  constexpr std::array<std::string_view, 4> comparisons = {">", ">=", "<", "<="};
  if (std::find(comparisons.begin(), comparisons.end(), stop.comparison) == comparisons.end()) {
    context.complain(fmt::format("{} is not a comparison", quote(stop.comparison)),
                     "use >, >=, < or <=");
  }
  const Metric* metric = read_subject(stop, trim(text.substr(0, at)), context);
  if (metric != nullptr) read_threshold(stop, *metric, trim(text.substr(end)), context);
  return metric;
}

}  // namespace

std::vector<StopCondition> parse_stops(const Node& document,
                                       const std::vector<PlannedCheck>& checks,
                                       Diagnostics& diagnostics) {
  std::vector<StopCondition> stops;
  for (const Node* item : items_of(document, "abort", stops_max, diagnostics)) {
    const Node known = take_words(*item, stop_words(), {}, "a stop condition", diagnostics);
    const StopWords words = stop_words().parse(known, diagnostics);
    const Node* when = item->find("when");
    StopCondition stop;
    stop.text = words.when;
    stop.lasting = words.lasting;
    if (when == nullptr || !when->is_scalar()) continue;
    Context context{checks, when->mark, diagnostics};
    const Metric* metric = read_condition(stop, context);
    if (metric != nullptr && metric->is_of_check) {
      stop.window = words.window;
    } else if (item->find("over") != nullptr) {
      diagnostics.add(item->find("over")->mark,
                      "\"over\" has no meaning here: the quantity is taken at each moment",
                      "error_rate and latency_p99 have it; \"for\" says how long it must last");
    }
    stops.push_back(std::move(stop));
  }
  return stops;
}

}  // namespace squall::scenario
