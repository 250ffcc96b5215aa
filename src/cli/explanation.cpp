#include "cli/explanation.h"

#include <algorithm>

#include <fmt/core.h>

namespace squall::cli {

Explanation::Explanation(const scenario::Plan& plan, const engine::Environment& environment)
    : plan_(plan), environment_(environment), host_(sys::look_at_host()) {
  for (engine::Rehearsal& rehearsal : engine::rehearse(plan, environment)) {
    for (const sys::Need& need : rehearsal.needs) needs_are_met_ = needs_are_met_ && need.met;
    strikes_.push_back({std::move(rehearsal.fault), std::move(rehearsal.strike)});
  }
}

scenario::Explained Explanation::explained() const {
  return {plan_, *environment_.faults, change::catalogue(), *environment_.probes, host_, strikes_};
}

std::string Explanation::as_text(const Style& style) const {
  constexpr std::size_t widest = 80;
  return scenario::explain_text(explained(),
                                style.is_terminal ? std::min(style.width, widest) : widest);
}

json::object Explanation::as_json() const {
  return scenario::explain_json(explained());
}

bool Explanation::is_possible() const {
  return needs_are_met_ && std::all_of(strikes_.begin(), strikes_.end(),
                                       [](const auto& one) { return one.strike.ok(); });
}

std::optional<Error> Explanation::find_obstacle() const {
  if (!needs_are_met_ || plan_.faults.empty()) return std::nullopt;
  Duration first = plan_.faults.front().at;
  for (const scenario::PlannedFault& fault : plan_.faults) first = std::min(first, fault.at);
  for (const scenario::PlannedFault& fault : plan_.faults) {
    if (fault.at > first) continue;
    for (const scenario::PlannedStrike& one : strikes_) {
      if (one.fault != fault.id || one.strike.ok()) continue;
      Error problem = one.strike.error();
      return std::move(problem)
          .while_doing(fmt::format("looking for what {} shall strike", fault.id))
          .advise(
              "start the target first, or name another one; to see what a run would do: "
              "squall explain");
    }
  }
  return std::nullopt;
}

}  // namespace squall::cli
