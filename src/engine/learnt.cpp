#include "engine/learnt.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "engine/words.h"

namespace squall::engine {
namespace {

using scenario::Demand;

// The steady check of which the largest share may have failed; nullptr when there is none.
const CheckEvidence* worst_steady(const Evidence& evidence) {
  const CheckEvidence* worst = nullptr;
  for (const CheckEvidence& check : evidence.checks) {
    if (check.demand() != Demand::steady) continue;
    if (worst == nullptr || check.summary.harm_bound > worst->summary.harm_bound) worst = &check;
  }
  return worst;
}

// "came back by itself 0.21 to 0.26 s later"
std::string return_text(const Evidence& evidence) {
  const Interval at = *evidence.clocks.steady_again;
  const std::int64_t on = evidence.moments.on.value_or(0);
  const std::int64_t off = evidence.moments.off.value_or(on);
  const bool is_instant = evidence.moments.is_instant;
  if (at.by_ns <= off) {
    return fmt::format("was steady again {} after the {}", say_interval_since(at, on),
                       is_instant ? "first strike" : "fault began, while it still lasted");
  }
  // An interval that reaches back before the end: it may have come back at once.
  const std::string later = say_interval_since({std::max(at.after_ns, off), at.by_ns}, off);
  if (!is_instant) return fmt::format("came back {} after the fault ended", later);
  return fmt::format("came back{} {} later", evidence.clocks.healed ? "" : " by itself", later);
}

std::string harm_text(const CheckSummary& worst) {
  if (worst.bad == 0) {
    return fmt::format("none of {} of the check {} failed, so at most {} would",
                       say_count(worst.samples, "sample"), say_name(worst.name),
                       say_bound(worst.harm_bound));
  }
  return fmt::format("{} of {} of the check {} failed meanwhile (at most {})", worst.bad,
                     say_count(worst.samples, "sample"), say_name(worst.name),
                     say_bound(worst.harm_bound));
}

std::string reaction_text(const Evidence& evidence) {
  std::string text;
  const std::int64_t on = evidence.moments.on.value_or(0);
  if (evidence.clocks.first_trigger) {
    text += fmt::format("; it was noticed after {}",
                        say_interval_since(*evidence.clocks.first_trigger, on));
  }
  if (evidence.clocks.healed) {
    text +=
        fmt::format("; it was healed after {}", say_interval_since(*evidence.clocks.healed, on));
  }
  return text;
}

std::string learnt_by_holding(const Evidence& evidence) {
  const std::string faults = describe_faults(evidence.story);
  const CheckEvidence* worst = worst_steady(evidence);
  std::string text;
  if (worst == nullptr) {
    text = fmt::format("after {} everything that was demanded held", faults);
  } else if (evidence.clocks.steady_again) {
    text = fmt::format("after {} the target {}; {}", faults, return_text(evidence),
                       harm_text(worst->summary));
  } else {
    text = fmt::format("{} did no harm that was seen: {}", faults, harm_text(worst->summary));
  }
  return text + reaction_text(evidence);
}

std::string as_sentence(std::string text) {
  if (!text.empty() && text[0] >= 'a' && text[0] <= 'z' && text.rfind("after ", 0) == 0) {
    text[0] = 'A';
  }
  return text + ".";
}

}  // namespace

Findings what_held(const Evidence& evidence) {
  Findings findings;
  for (const CheckEvidence& check : evidence.checks) {
    const CheckSummary& summary = check.summary;
    findings.push_back(fmt::format(
        "the {} check {}: {} of {} broken, so harm < {}", summary.demand, say_name(summary.name),
        summary.bad, say_count(summary.samples, "sample"), say_bound(summary.harm_bound)));
  }
  const std::int64_t on = evidence.moments.on.value_or(0);
  for (const GateSummary& gate : evidence.gates) {
    if (gate.needless) {
      findings.push_back(
          fmt::format("the heal gate {} had nothing to heal: nothing broke", say_name(gate.check)));
      continue;
    }
    findings.push_back(fmt::format("the {} gate {} was met after {} (limit {})", gate.gate,
                                   say_name(gate.check), say_interval_since(gate.at, on),
                                   render_rounded(gate.within)));
  }
  for (std::string& end : early_ends(evidence)) findings.push_back(std::move(end));
  return findings;
}

std::string what_was_learnt(const Evidence& evidence, Outcome outcome, const Findings& reasons) {
  if (outcome == Outcome::held) return as_sentence(learnt_by_holding(evidence));
  const std::string first = reasons.empty() ? "no reason is known" : reasons.front();
  const bool was_touched = !evidence.story.strikes.empty() || !evidence.story.changes.empty();
  std::string text;
  switch (outcome) {
    case Outcome::refuted:
      text = fmt::format("after {}, {}", describe_faults(evidence.story), first);
      break;
    case Outcome::inconclusive:
      text = fmt::format("Too little was measured to say whether it holds: {}", first);
      break;
    case Outcome::unsupported:
      text =
          fmt::format("{}: {}", was_touched ? "Nothing was learnt" : "Nothing was touched", first);
      break;
    default:
      text = fmt::format("Nothing was learnt about the target: {}", first);
  }
  if (was_touched && outcome == Outcome::aborted && !evidence.is_restored) {
    text += "; it is not shown that the host was restored";
  }
  return as_sentence(text);
}

}  // namespace squall::engine
