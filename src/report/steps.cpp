#include "report/steps.h"

#include <algorithm>

#include <fmt/core.h>

#include "engine/rules_of_checks.h"
#include "engine/words.h"

namespace squall::report {
namespace {

using engine::Story;
using engine::Verdict;

// A step that was demanded but never judged, because the run ended before it.
Step not_reached(std::string name) {
  return {std::move(name), StepState::not_reached, "", {"the run ended before it"}};
}

// What an interval says of the time before its origin is no part of what followed, and is left out.
std::string say_after(engine::Interval at, std::int64_t origin) {
  return engine::say_interval_since({std::max(at.after_ns, origin), std::max(at.by_ns, origin)},
                                    origin);
}

std::string strike_detail(const Story& story, const engine::Strike& strike, bool& was_seen) {
  std::string text = strike.fault;
  if (!strike.target.empty()) text += " on " + strike.target;
  const engine::Edge* first = nullptr;
  bool is_missed = false;
  bool is_judged = false;
  for (const engine::Edge& edge : story.edges) {
    if (edge.fault != strike.fault || edge.strike != strike.number || !edge.is_onset) continue;
    is_judged = true;
    if (!edge.was_seen) is_missed = true;
    if (edge.was_seen && (first == nullptr || edge.at.by_ns < first->at.by_ns)) first = &edge;
  }
  was_seen = first != nullptr && !is_missed;
  const bool is_refused =
      std::any_of(story.refusals.begin(), story.refusals.end(),
                  [&](const engine::Refusal& refusal) { return refusal.fault == strike.fault; });
  if (!was_seen && is_refused) return text + ", refused";
  const bool was_cut_short = !story.stops.empty() || !story.refusals.empty();
  if (!is_judged && was_cut_short) return text + ", ended before it could be seen";
  if (!was_seen) return text + ", NOT seen by its witness";
  return text + ", seen after " + say_after(first->at, strike.commanded_ns);
}

Step injected(const Story& story, const Verdict& verdict) {
  constexpr std::size_t most_shown = 6;
  Step step{.name = "injected"};
  if (story.strikes.empty()) {
    step.state =
        verdict.outcome == engine::Outcome::held ? StepState::not_asked : StepState::not_reached;
    step.details = {"nothing was injected"};
    return step;
  }
  step.state = StepState::passed;
  for (const engine::Strike& strike : story.strikes) {
    bool was_seen = false;
    std::string detail = strike_detail(story, strike, was_seen);
    if (!was_seen) step.state = StepState::failed;
    if (step.details.size() < most_shown) step.details.push_back(std::move(detail));
  }
  if (story.strikes.size() > most_shown) {
    step.details.push_back(fmt::format("and {} more strikes", story.strikes.size() - most_shown));
  }
  if (verdict.clocks.witnessed_on && verdict.clocks.commanded) {
    step.time = say_after(*verdict.clocks.witnessed_on, verdict.clocks.commanded->by_ns);
  }
  return step;
}

std::string gate_detail(const engine::JudgedGate& gate, std::int64_t on, bool is_only_one) {
  const std::string limit = render_rounded(gate.within);
  if (gate.needless)
    return fmt::format("check {} never broke: nothing to heal", engine::say_name(gate.check));
  if (gate.proves_nothing)
    return fmt::format("check {} proves nothing: {}", engine::say_name(gate.check), gate.why);
  if (!gate.met)
    return fmt::format("check {} NOT met within {}", engine::say_name(gate.check), limit);
  if (is_only_one) return fmt::format("check {} (limit {})", engine::say_name(gate.check), limit);
  return fmt::format("check {} after {} (limit {})", engine::say_name(gate.check),
                     say_after(gate.at, on), limit);
}

Step gate_step(const Story& story, const Verdict& verdict, std::string name,
               scenario::Gate wanted) {
  const auto& checks = story.plan.checks;
  const auto asked = std::count_if(checks.begin(), checks.end(),
                                   [&](const auto& check) { return check.gate == wanted; });
  if (asked == 0) return {std::move(name), StepState::not_asked, "", {"not asked"}};
  Step step{.name = name, .state = StepState::not_needed};
  const std::int64_t on = verdict.clocks.commanded ? verdict.clocks.commanded->by_ns : 0;
  std::optional<engine::Interval> first;
  for (const engine::JudgedGate& gate : story.gates) {
    if (gate.gate != scenario::gate_name(wanted)) continue;
    step.details.push_back(gate_detail(gate, on, asked == 1));
    if (gate.needless) continue;
    if (!gate.met) {
      step.state = StepState::failed;
      continue;
    }
    if (step.state == StepState::not_needed) step.state = StepState::passed;
    if (!first || gate.at.by_ns < first->by_ns) {
      first = gate.at;
    }
  }
  if (step.details.empty()) return not_reached(std::move(name));
  if (first) step.time = say_after(*first, on);
  return step;
}

// Whether the steady state is shown to have come back in time.
bool is_steady_again(const engine::Evidence& evidence, const Verdict& verdict) {
  if (verdict.outcome == engine::Outcome::invalid || verdict.outcome == engine::Outcome::aborted) {
    return false;
  }
  return std::all_of(evidence.checks.begin(), evidence.checks.end(),
                     [&](const engine::CheckEvidence& check) {
                       return check.demand() != scenario::Demand::steady ||
                              (engine::broken_demands_of(evidence, check).empty() &&
                               engine::shortages_of(evidence, check).empty() &&
                               engine::unclear_recovery_of(evidence, check).empty());
                     });
}

Step verified(const engine::Evidence& evidence, const Verdict& verdict) {
  const Story& story = evidence.story;
  const engine::Clocks& clocks = verdict.clocks;
  const bool is_complete = story.has_ended || story.find_phase("verdict") != nullptr;
  if (story.strikes.empty() || !is_complete) return not_reached("verified");
  Step step{.name = "verified"};
  const bool is_steady = is_steady_again(evidence, verdict);
  step.state = is_steady && verdict.restored ? StepState::passed : StepState::failed;
  std::string detail = "the steady state never broke";
  if (clocks.steady_again) {
    const std::int64_t origin = evidence.moments.off.value_or(clocks.commanded->by_ns);
    step.time = say_after(*clocks.steady_again, origin);
    detail = "steady again";
  } else if (clocks.first_harm) {
    detail = "NOT steady again";
  }
  if (!is_steady && detail != "NOT steady again")
    detail += fmt::format(", but the run is {}", engine::outcome_name(verdict.outcome));
  step.details = {
      detail, verdict.restored ? "the host is as before" : "the host is NOT shown to be as before"};
  return step;
}

}  // namespace

std::array<Step, 4> steps_of(const engine::Evidence& evidence, const Verdict& verdict) {
  const Story& story = evidence.story;
  return {injected(story, verdict), gate_step(story, verdict, "detected", scenario::Gate::detect),
          gate_step(story, verdict, "healed", scenario::Gate::heal), verified(evidence, verdict)};
}

}  // namespace squall::report
