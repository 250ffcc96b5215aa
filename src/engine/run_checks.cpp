// What a run decides by its samples: gates met or missed, the steady state back, and whether
// squall's own lateness spoiled the measurement.
#include <algorithm>

#include <fmt/core.h>

#include "engine/run.h"

namespace squall::engine {
namespace {

constexpr std::size_t steady_samples = 3;    // good in a row, to be steady again
constexpr std::size_t counted_samples = 10;  // fewer say nothing about a check

}  // namespace

bool Run::is_steady_again() const {
  const std::int64_t end_ns = injector_.last_end_ns().value_or(0);
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const scenario::PlannedCheck& check = prober_.check(i);
    if (check.demand != scenario::Demand::steady) continue;
    const std::vector<Taken> taken = untainted(prober_, i, end_ns);
    std::size_t good_in_a_row = 0;
    for (const Taken& one : taken) good_in_a_row = one.good ? good_in_a_row + 1 : 0;
    if (good_in_a_row < steady_samples) return false;
  }
  return true;
}

Run::Baseline Run::look_at_baseline() const {
  std::size_t fewest = counted_samples;
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    if (prober_.check(i).demand != scenario::Demand::steady) continue;
    const std::vector<Taken> taken = untainted(prober_, i, 0);
    const auto is_good = [](const Taken& one) { return one.good; };
    if (!std::all_of(taken.begin(), taken.end(), is_good)) return Baseline::broken;
    fewest = std::min(fewest, taken.size());
  }
  if (fewest == 0) return Baseline::unseen;
  return fewest < counted_samples ? Baseline::too_short : Baseline::steady;
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

// Met at the last two looks before the fault, or at half of all. A single one may be a whim: a slow
// answer on a busy host.
bool Run::was_met_before(std::size_t gate) {
  if (gate_was_met_before_[gate]) return *gate_was_met_before_[gate];
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(0);
  std::int64_t looks = 0;
  std::int64_t good = 0;
  std::int64_t good_in_a_row = 0;
  for (const Taken& one : untainted(prober_, gate, 0)) {
    if (one.done_ns > on_ns) continue;
    ++looks;
    if (one.good) ++good;
    good_in_a_row = one.good ? good_in_a_row + 1 : 0;
  }
  gate_was_met_before_[gate] = looks > 0 && (good_in_a_row >= 2 || 2 * good >= looks);
  return *gate_was_met_before_[gate];
}

// By when the first broken sample of a steady check was known.
std::optional<std::int64_t> Run::first_harm_ns() {
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(0);
  for (std::size_t i = 0; i < prober_.size() && !first_harm_ns_; ++i) {
    if (prober_.check(i).demand != scenario::Demand::steady) continue;
    const auto broken = prober_.first(
        i, 0, [&](const Taken& one) { return !one.good && !one.tainted && one.done_ns > on_ns; });
    if (broken) first_harm_ns_ = broken->done_ns;
  }
  return first_harm_ns_;
}

std::optional<Taken> Run::first_break(std::size_t gate) const {
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(0);
  return prober_.first(
      gate, 0, [&](const Taken& one) { return !one.good && !one.tainted && one.done_ns > on_ns; });
}

// Detection counts from the command, and proves nothing by a check that was met before it. Healing
// counts from the first harm. A check that was met before the fault must be seen to break first, or
// what was never ill would be said to be healed; one that was not, such as the trace that a
// playbook leaves, shows by itself that something acted.
void Run::judge_gate(std::size_t index) {
  const std::optional<std::int64_t> commanded = injector_.first_commanded_ns();
  if (!commanded) return;
  const bool was_met = was_met_before(index);
  if (prober_.check(index).gate != scenario::Gate::heal) {
    if (!was_met) return settle_gate(index, *commanded, *commanded);
    return write_empty_gate(index, *commanded, "the check was met already before the fault");
  }
  const std::optional<std::int64_t> harm = first_harm_ns();
  if (was_met) {
    const std::optional<Taken> broken = first_break(index);
    if (!broken) return;
    const std::int64_t base = std::min(harm.value_or(broken->done_ns), broken->done_ns);
    return settle_gate(index, base, broken->planned_ns + 1);
  }
  const std::optional<std::int64_t> base = harm ? harm : injector_.first_witnessed_ns();
  if (base) settle_gate(index, *base, *commanded);
}

// Meets or misses a gate whose time runs from `base_ns`, by samples planned since `since_ns`.
void Run::settle_gate(std::size_t index, std::int64_t base_ns, std::int64_t since_ns) {
  const scenario::PlannedCheck& check = prober_.check(index);
  const auto met = prober_.first(index, since_ns, [](const Taken& one) { return one.good; });
  const std::int64_t deadline = base_ns + check.within.nanoseconds;
  const bool is_over = timeline_.now_ns() > deadline + check.timeout.nanoseconds;
  if (!met && !is_over) return;
  gate_is_judged_[index] = true;
  std::int64_t after_ns = since_ns;
  std::string why = "it was never sampled";
  for (const Taken& one : prober_.taken(index, since_ns)) {
    if (one.good) break;
    after_ns = std::max(after_ns, one.sent_ns);
    why = one.why;
  }
  const bool is_met = met && met->done_ns <= deadline;
  if (met && !is_met)
    why = fmt::format("met only after {}", render_rounded(Duration{met->done_ns - base_ns}));
  timeline_.add("gate", {{"gate", scenario::gate_name(check.gate)},
                         {"check", check.name},
                         {"met", is_met},
                         {"within_ns", check.within.nanoseconds},
                         {"after_ns", after_ns},
                         {"by_ns", met ? met->done_ns : deadline},
                         {"why", is_met ? "" : why}});
}

// The target has been steady for long enough after the last fault, or is late: what has not broken
// by now did not.
void Run::close_gates(bool is_late) {
  const std::int64_t on_ns = injector_.first_commanded_ns().value_or(0);
  for (std::size_t i = 0; i < prober_.size(); ++i) {
    const bool is_open_heal = prober_.check(i).gate == scenario::Gate::heal && !gate_is_judged_[i];
    if (!is_open_heal || !was_met_before(i) || first_break(i)) continue;
    const bool is_sampled = untainted(prober_, i, on_ns).size() >= steady_samples;
    if (is_sampled || is_late)
      write_empty_gate(i, on_ns, "the check was met before the fault and never broke");
  }
}

// Where harm was seen, a heal gate that never broke shows nothing of its healing. Where none was,
// there was nothing to heal.
void Run::write_empty_gate(std::size_t index, std::int64_t base_ns, const std::string& why) {
  const scenario::PlannedCheck& check = prober_.check(index);
  const bool is_needless = check.gate == scenario::Gate::heal && !first_harm_ns();
  gate_is_judged_[index] = true;
  timeline_.add("gate", {{"gate", scenario::gate_name(check.gate)},
                         {"check", check.name},
                         {"met", false},
                         {"proves_nothing", !is_needless},
                         {"needless", is_needless},
                         {"within_ns", check.within.nanoseconds},
                         {"after_ns", base_ns},
                         {"by_ns", base_ns},
                         {"why", why}});
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
