// Recovery is judged with intervals: a check is back in time only when the whole interval lies
// before the limit, and late only when the whole of it lies behind. What lies across the limit, or
// was not watched long enough, is unclear, which is neither.
#include "engine/rules_of_checks.h"

#include <algorithm>

#include <fmt/core.h>

#include "engine/words.h"

namespace squall::engine {
namespace {

using scenario::Demand;

enum class Return { never_left, in_time, late, still_broken, unclear };

std::optional<std::int64_t> deadline_of(const Evidence& evidence) {
  const Duration within = evidence.story.plan.recover_within;
  if (!evidence.moments.off || within <= Duration{}) return std::nullopt;
  return *evidence.moments.off + within.nanoseconds;
}

Return return_of(const Evidence& evidence, const CheckEvidence& check) {
  const std::optional<std::int64_t> deadline = deadline_of(evidence);
  if (!check.recovery) {
    return check.good_after_end >= steady_run ? Return::never_left : Return::unclear;
  }
  const Recovery& recovery = *check.recovery;
  if (recovery.is_established()) {
    const Interval at = recovery.at();
    if (!deadline || at.by_ns <= *deadline) return Return::in_time;
    return at.after_ns >= *deadline ? Return::late : Return::unclear;
  }
  const bool came_back =
      recovery.first_good != nullptr && (!deadline || recovery.first_good->done_ns <= *deadline);
  // The last probe before the end of the watch may have been due one period and timeout earlier.
  const bool watched_enough =
      !deadline || evidence.moments.watched_until + check.summary.floor.nanoseconds >= *deadline;
  return came_back || !watched_enough ? Return::unclear : Return::still_broken;
}

std::string first_broken_text(const CheckEvidence& check, const Sample& sample, std::int64_t on) {
  std::string text = fmt::format("first {} after the fault",
                                 say_interval_since({sample.sent_ns, sample.done_ns}, on));
  const std::string& why = sample.problem.empty() ? sample.why : sample.problem;
  if (check.demand() != Demand::never && !why.empty()) text += ": " + why;
  return text;
}

void add_broken_demand(const Evidence& evidence, const CheckEvidence& check, Findings& findings) {
  if (check.demand() == Demand::steady || check.first_broken_demanded == nullptr) return;
  const std::string_view said = check.demand() == Demand::never ? "must never hold, but held in"
                                                                : "must always hold, but broke in";
  findings.push_back(fmt::format(
      "the check {} {} {} of {}, {}", say_name(check.summary.name), said, check.demanded_broken,
      say_count(check.demanded_samples, "sample"),
      first_broken_text(check, *check.first_broken_demanded, evidence.moments.on.value_or(0))));
}

void add_missing_return(const Evidence& evidence, const CheckEvidence& check, Findings& findings) {
  if (check.demand() != Demand::steady) return;
  const Return how = return_of(evidence, check);
  const Duration within = evidence.story.plan.recover_within;
  const std::int64_t off = evidence.moments.off.value_or(0);
  if (how == Return::late) {
    const Interval at = check.recovery->at();
    const std::int64_t deadline = off + within.nanoseconds;
    findings.push_back(fmt::format(
        "the check {} was steady again only {} after the end of the fault, {} past the limit of {}",
        say_name(check.summary.name), say_interval_since(at, off), say_interval_since(at, deadline),
        render_rounded(within)));
  } else if (how == Return::still_broken) {
    const Sample& last = *check.recovery->last_broken;
    const std::string& why = last.problem.empty() ? last.why : last.problem;
    const std::string limit =
        within > Duration{} ? fmt::format(" (limit {})", render_rounded(within)) : "";
    findings.push_back(fmt::format(
        "the check {} was not steady again: still broken {} after the end of the fault{}{}",
        say_name(check.summary.name), render_rounded(nanoseconds(last.sent_ns - off)), limit,
        why.empty() ? "" : ": " + why));
  }
}

void add_missed_gates(const Evidence& evidence, Findings& findings) {
  for (const JudgedGate& gate : evidence.story.gates) {
    if (gate.met || gate.proves_nothing || gate.needless) continue;
    const bool is_heal = gate.gate == "heal";
    findings.push_back(fmt::format("{} within {}: the check {} was not met{}{}",
                                   is_heal ? "nothing healed it" : "nobody noticed it",
                                   render_rounded(gate.within), say_name(gate.check),
                                   gate.why.empty() ? "" : ": ", gate.why));
  }
}

void add_shortage(const CheckEvidence& check, std::int64_t have, std::string_view when,
                  std::string_view remedy, Findings& findings) {
  if (have >= fewest_samples) return;
  findings.push_back(fmt::format(
      "the check {} has {} {}, {} are needed: {} more ({} at least {}, or probe more often)",
      say_name(check.summary.name), say_count(have, "sample"), when, fewest_samples,
      fewest_samples - have, remedy,
      render_rounded(check.check->plan.every * (fewest_samples + 1))));
}

Findings of_every_check(const Evidence& evidence,
                        Findings (*find)(const Evidence&, const CheckEvidence&)) {
  Findings findings;
  for (const CheckEvidence& check : evidence.checks) {
    for (std::string& finding : find(evidence, check)) findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace

Findings baseline_broken(const Evidence& evidence) {
  if (!evidence.story.strikes.empty()) return {};
  Findings findings;
  for (const CheckEvidence& check : evidence.checks) {
    if (check.demand() != Demand::steady) continue;
    if (check.baseline_samples == 0 && evidence.story.find_phase("baseline") != nullptr) {
      findings.push_back(fmt::format(
          "the steady state was not measured before the fault, so nothing was injected: the check "
          "{} has no sample that counts",
          say_name(check.summary.name)));
    }
    const Sample* broken = check.first_broken_in_baseline;
    if (broken == nullptr) continue;
    const std::string& why = broken->problem.empty() ? broken->why : broken->problem;
    findings.push_back(fmt::format(
        "the steady state did not hold before the fault, so nothing was injected: the check {} "
        "broke in {} of {}{}{}",
        say_name(check.summary.name), check.baseline_broken,
        say_count(check.baseline_samples, "sample"), why.empty() ? "" : ": ", why));
  }
  return findings;
}

Findings struck_on_a_broken_baseline(const Evidence& evidence) {
  if (evidence.story.strikes.empty()) return {};
  Findings findings;
  for (const CheckEvidence& check : evidence.checks) {
    if (check.demand() != Demand::steady || check.baseline_broken == 0) continue;
    findings.push_back(
        fmt::format("the check {} was already broken in {} of {} before the fault, so later harm "
                    "says nothing of it",
                    say_name(check.summary.name), check.baseline_broken,
                    say_count(check.baseline_samples, "sample")));
  }
  return findings;
}

Findings gates_not_judged(const Evidence& evidence) {
  Findings findings;
  for (const scenario::PlannedCheck& check : evidence.story.plan.checks) {
    if (check.gate == scenario::Gate::none) continue;
    const std::string_view name = scenario::gate_name(check.gate);
    const auto& gates = evidence.story.gates;
    const bool was_judged = std::any_of(gates.begin(), gates.end(), [&](const JudgedGate& gate) {
      return gate.check == check.name && gate.gate == name;
    });
    if (!was_judged) {
      findings.push_back(
          fmt::format("the {} gate {} was never judged", name, say_name(check.name)));
    }
  }
  return findings;
}

Findings gates_that_prove_nothing(const Evidence& evidence) {
  Findings findings;
  for (const JudgedGate& gate : evidence.story.gates) {
    if (!gate.proves_nothing) continue;
    const bool is_heal = gate.gate == "heal";
    findings.push_back(fmt::format(
        "the {} gate {} proves nothing, {}: {}", gate.gate, say_name(gate.check), gate.why,
        is_heal
            ? "nothing was healed; choose a check that the fault breaks, or probe more often"
            : "nobody is shown to have noticed; choose a check that only the fault makes hold"));
  }
  return findings;
}

Findings broken_demands_of(const Evidence& evidence, const CheckEvidence& check) {
  Findings findings;
  add_broken_demand(evidence, check, findings);
  add_missing_return(evidence, check, findings);
  return findings;
}

Findings shortages_of(const Evidence& evidence, const CheckEvidence& check) {
  Findings findings;
  const bool is_instant = evidence.moments.is_instant;
  if (check.demand() == Demand::steady) {
    add_shortage(check, check.baseline_samples, "before the fault", "let the baseline last",
                 findings);
  }
  add_shortage(check, check.demanded_samples,
               is_instant ? "after the fault" : "while the fault was in force",
               is_instant ? "watch the recovery for" : "let the fault last", findings);
  return findings;
}

Findings unclear_recovery_of(const Evidence& evidence, const CheckEvidence& check) {
  if (check.demand() != Demand::steady || return_of(evidence, check) != Return::unclear) return {};
  const std::string name = say_name(check.summary.name);
  if (check.recovery && check.recovery->is_established()) {
    return {fmt::format(
        "the check {} was steady again {} after the end of the fault, which lies across the "
        "limit of {}: probe more often than every {}",
        name, say_interval_since(check.recovery->at(), evidence.moments.off.value_or(0)),
        render_rounded(evidence.story.plan.recover_within),
        render_rounded(check.check->plan.every))};
  }
  const std::int64_t have = check.recovery ? check.recovery->good_after : check.good_after_end;
  return {fmt::format(
      "the check {} has {} after the fault, {} in a row show that it is steady: {} more", name,
      say_count(have, "good sample"), steady_run, std::max<std::int64_t>(1, steady_run - have))};
}

Findings demands_broken(const Evidence& evidence) {
  Findings findings = of_every_check(evidence, broken_demands_of);
  add_missed_gates(evidence, findings);
  return findings;
}

Findings too_few_samples(const Evidence& evidence) {
  return of_every_check(evidence, shortages_of);
}

Findings recovery_unclear(const Evidence& evidence) {
  return of_every_check(evidence, unclear_recovery_of);
}

}  // namespace squall::engine
