#include "cli/explanation.h"

#include <algorithm>

#include <fmt/core.h>

#include "cli/operator_session.h"
#include "guardian/foresight.h"

namespace squall::cli {

Explanation::Explanation(const scenario::Plan& plan, const engine::Environment& environment,
                         const std::vector<std::string>& protect)
    : plan_(plan), environment_(environment), host_(sys::look_at_host()) {
  std::vector<engine::Rehearsal> rehearsals = engine::rehearse(plan, environment);
  for (const engine::Rehearsal& rehearsal : rehearsals) {
    for (const sys::Need& need : rehearsal.needs) needs_are_met_ = needs_are_met_ && need.met;
    strikes_.push_back({rehearsal.fault, rehearsal.strike});
  }
  judged_ = strikes_;
  foresee(rehearsals, protect);
}

// By the guardian's own gates, but here: explaining starts no process. What is in force just now
// may make room meanwhile and is left to the run.
void Explanation::foresee(const std::vector<engine::Rehearsal>& rehearsals,
                          const std::vector<std::string>& protect) {
  const Result<guardian::Standpoint> standpoint =
      guardian::stand_here({.kinds = &change::catalogue(),
                            .state_folder = environment_.guardian.state_folder,
                            .policy_file = environment_.guardian.policy_file,
                            .protected_paths = protect,
                            .ssh_connection = find_ssh_connection(),
                            .accept_irreversible = !plan_.accept_irreversible.empty()});
  if (!standpoint.ok()) {
    for (scenario::PlannedStrike& one : judged_) one.strike = Error(standpoint.error());
    return;
  }
  for (const guardian::Foreseen& foreseen :
       guardian::foresee(engine::steps_of(plan_, environment_, rehearsals), *standpoint)) {
    for (scenario::PlannedStrike& one : judged_) {
      if (one.fault != engine::fault_of_change(foreseen.change) || !one.strike.ok()) continue;
      one.strike = Error(foreseen.problem).while_doing("the guardian would refuse it");
    }
  }
}

scenario::Explained Explanation::explained() const {
  return {plan_, *environment_.faults, change::catalogue(), *environment_.probes, host_, judged_};
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
  return needs_are_met_ && std::all_of(judged_.begin(), judged_.end(),
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
