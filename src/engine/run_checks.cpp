// What a run decides by its samples: gates met or missed, the steady state back, and whether
// squall's own lateness spoiled the measurement.
#include <algorithm>

#include <fmt/core.h>

#include "engine/run.h"

namespace squall::engine {
namespace {

constexpr std::int64_t steady_samples = 3;   // good in a row, to be steady again
constexpr std::size_t counted_samples = 10;  // fewer say nothing about a check

}  // namespace

bool Run::is_steady_again() const {
  const std::int64_t end_ns = injector_.last_end_ns().value_or(0);
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const scenario::PlannedCheck& check = prober_.check(i);
    if (check.demand != scenario::Demand::steady) continue;
    const std::vector<Taken> taken = untainted(prober_, i, end_ns);
    std::int64_t good_in_a_row = 0;
    for (const Taken& one : taken) good_in_a_row = one.good ? good_in_a_row + 1 : 0;
    if (good_in_a_row < steady_samples) return false;
  }
  return true;
}

bool Run::has_enough_samples() const {
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(0);
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand == scenario::Demand::eventually) continue;
    if (untainted(prober_, i, on_ns).size() < counted_samples) return false;
  }
  return true;
}

bool Run::are_gates_judged() const {
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand == scenario::Demand::eventually && !gate_is_judged_[i])
      return false;
  }
  return true;
}

void Run::judge_gates() {
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand == scenario::Demand::eventually && !gate_is_judged_[i])
      judge_gate(i);
  }
}

// Detection counts from the command; healing from the moment a witness saw the fault, so that a
// state which was good before the fault bit is not taken for one that was healed.
void Run::judge_gate(std::size_t index) {
  const scenario::PlannedCheck& check = prober_.check(index);
  const std::optional<std::int64_t> commanded = injector_.first_commanded_ns();
  if (!commanded) return;
  const std::int64_t base = check.gate == scenario::Gate::heal
                                ? injector_.first_witnessed_ns().value_or(timeline_.now_ns())
                                : *commanded;
  std::int64_t after_ns = base;
  std::string why = "it was never sampled";
  std::optional<std::int64_t> met_by;
  for (const Taken& one : prober_.taken(index, base)) {
    if (one.good) {
      met_by = one.done_ns;
      break;
    }
    after_ns = std::max(after_ns, one.sent_ns);
    why = one.why;
  }
  const std::int64_t deadline = base + check.within.nanoseconds;
  const bool is_over = timeline_.now_ns() > deadline + check.timeout.nanoseconds;
  if (!met_by && !is_over) return;
  gate_is_judged_[index] = true;
  const bool is_met = met_by && *met_by <= deadline;
  if (met_by && !is_met)
    why = fmt::format("met only after {}", render_rounded(Duration{*met_by - base}));
  timeline_.add("gate", {{"gate", scenario::gate_name(check.gate)},
                         {"check", check.name},
                         {"met", is_met},
                         {"within_ns", check.within.nanoseconds},
                         {"after_ns", after_ns},
                         {"by_ns", met_by.value_or(deadline)},
                         {"why", is_met ? "" : why}});
}

void Run::report_taint() {
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(timeline_.now_ns());
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const std::vector<Taken> taken = prober_.taken(i, on_ns);
    const auto tainted =
        std::count_if(taken.begin(), taken.end(), [](const Taken& one) { return one.tainted; });
    if (taken.size() < counted_samples || 2 * tainted <= static_cast<std::ptrdiff_t>(taken.size()))
      continue;
    timeline_.add("disturbed",
                  {{"message", fmt::format("{} of {} samples of {} were sent too late to count",
                                           tainted, taken.size(), prober_.check(i).name)}});
  }
}

}  // namespace squall::engine
