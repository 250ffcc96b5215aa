#include "engine/rules.h"

#include <algorithm>
#include <array>
#include <set>

#include <fmt/core.h>

#include "core/text.h"
#include "engine/rules_of_checks.h"
#include "engine/words.h"

namespace squall::engine {
namespace {

// Every heal gate, and there is one, was met.
bool asks_to_heal(const Story& story) {
  const auto is_heal = [](const JudgedGate& gate) { return gate.gate == "heal"; };
  return std::any_of(story.gates.begin(), story.gates.end(), is_heal) &&
         std::all_of(story.gates.begin(), story.gates.end(),
                     [&](const JudgedGate& gate) { return !is_heal(gate) || gate.met; });
}

std::string strike_text(const Strike& strike) {
  std::string text =
      strike.target.empty() ? strike.fault : fmt::format("{} on {}", strike.fault, strike.target);
  if (strike.number > 0) text += fmt::format(" (strike {})", strike.number + 1);
  return text;
}

std::string with_next(std::string sentence, const std::string& next) {
  return next.empty() ? sentence : fmt::format("{}; {}", sentence, next);
}

Findings ended_in_the_middle(const Evidence& evidence) {
  const Story& story = evidence.story;
  if (story.has_ended || story.find_phase("verdict") != nullptr) return {};
  if (story.phases.empty()) return {"the runner died before its first phase"};
  return {fmt::format("the runner died in the phase \"{}\", {} into the run",
                      story.phases.back().name, say_instant(story.last_ns))};
}

Findings needs_not_met(const Evidence& evidence) {
  Findings findings;
  for (const Need& need : evidence.story.needs) {
    if (need.met) continue;
    findings.push_back(
        with_next(fmt::format("{} needs {}, which this host does not offer", need.fault, need.what),
                  need.reason));
  }
  return findings;
}

Findings refusals(const Evidence& evidence, bool is_unsupported) {
  Findings findings;
  for (const Refusal& refusal : evidence.story.refusals) {
    const bool was_in_time = refusal.code == Code::unsupported || refusal.is_foreseen;
    if (was_in_time != is_unsupported) continue;
    findings.push_back(with_next(
        fmt::format("{} could not go ahead ({}): {}", refusal.fault, refusal.kind, refusal.message),
        refusal.next));
  }
  return findings;
}

Findings refused_as_unsupported(const Evidence& evidence) {
  return refusals(evidence, true);
}

Findings refused(const Evidence& evidence) {
  return refusals(evidence, false);
}

struct StopWords {
  std::string_view reason;
  std::string_view sentence;
};
constexpr std::array<StopWords, 6> stop_words = {{
    {"condition", "a stop condition was met"},
    {"operator", "the operator ended the run"},
    {"lost_lease", "the lease on the changes was lost"},
    {"halted", "everything was halted"},
    {"head_room", "the host came too near to its limits"},
    {"timeline", "the timeline could not be written"},
}};

Findings stopped(const Evidence& evidence) {
  Findings findings;
  for (const Stop& stop : evidence.story.stops) {
    std::string sentence = "the run was stopped (" + stop.reason + ")";
    for (const StopWords& words : stop_words) {
      if (words.reason == stop.reason) sentence = words.sentence;
    }
    sentence += fmt::format(", after {}", say_instant(stop.at_ns));
    findings.push_back(stop.text.empty() ? sentence : fmt::format("{}: {}", sentence, stop.text));
  }
  return findings;
}

Findings faults_that_did_not_bite(const Evidence& evidence) {
  const Story& story = evidence.story;
  Findings findings;
  for (const scenario::PlannedFault& fault : story.plan.faults) {
    const bool struck = std::any_of(story.strikes.begin(), story.strikes.end(),
                                    [&](const Strike& strike) { return strike.fault == fault.id; });
    if (!struck) findings.push_back(fmt::format("{} never struck", fault.id));
  }
  if (!story.has_plan) findings.push_back("the timeline holds no plan to judge by");
  for (const Strike& strike : story.strikes) {
    bool was_seen = false;
    for (const Edge& edge : story.edges) {
      if (edge.fault != strike.fault || edge.strike != strike.number || !edge.is_onset) continue;
      was_seen = true;
      if (edge.was_seen) continue;
      findings.push_back(fmt::format("{} did not bite: the witness {} never saw it ({})",
                                     strike_text(strike), edge.witness, edge.detail));
    }
    const bool was_lost =
        std::any_of(story.changes.begin(), story.changes.end(), [&](const LivedChange& change) {
          return change.fault == strike.fault && !change.lost.empty();
        });
    if (!was_seen && !was_lost) {
      findings.push_back(fmt::format("no witness looked at {}, so nothing shows that it bit",
                                     strike_text(strike)));
    }
  }
  return findings;
}

Findings changes_lost(const Evidence& evidence) {
  Findings findings;
  for (const LivedChange& change : evidence.story.changes) {
    if (change.lost.empty()) continue;
    findings.push_back(fmt::format("the change {} of {} was lost before its time: {}", change.kind,
                                   change.fault, change.lost));
  }
  return findings;
}

// A fault that somebody ended is no proof of what it does in all its time. It is the healing where
// the scenario asks for one, and found it.
Findings faults_that_ended_early(const Evidence& evidence) {
  return asks_to_heal(evidence.story) ? Findings{} : early_ends(evidence);
}

bool ends_by_itself(const Evidence& evidence, const Strike& strike) {
  const scenario::PlannedFault* fault = evidence.story.find_fault(strike.fault);
  if (fault == nullptr || fault->lasts <= Duration{}) return true;
  return std::none_of(evidence.story.changes.begin(), evidence.story.changes.end(),
                      [&](const LivedChange& change) {
                        return change.fault == strike.fault && change.keeping != "irreversible";
                      });
}

// How many edges of this strike this witness has on record, seen or not.
std::int64_t count_edges(const Story& story, const Edge& like, bool is_onset) {
  return std::count_if(story.edges.begin(), story.edges.end(), [&](const Edge& edge) {
    return edge.fault == like.fault && edge.strike == like.strike && edge.witness == like.witness &&
           edge.is_onset == is_onset && (!is_onset || edge.was_seen);
  });
}

// A witness that saw a spell begin must have been asked whether it saw it end. One witness may
// watch several victims of a strike, so edges are counted.
Findings ends_not_seen(const Evidence& evidence) {
  const Story& story = evidence.story;
  Findings findings;
  for (const Strike& strike : story.strikes) {
    std::set<std::string> asked;
    for (const Edge& edge : story.edges) {
      if (edge.fault != strike.fault || edge.strike != strike.number) continue;
      if (!edge.is_onset && !edge.was_seen) {
        findings.push_back(fmt::format("{} was told to end, but the witness {} still sees it ({})",
                                       strike_text(strike), edge.witness, edge.detail));
      }
      const bool must_end =
          edge.is_onset && edge.was_seen && edge.has_end && !ends_by_itself(evidence, strike);
      if (!must_end || !asked.insert(edge.witness).second) continue;
      if (count_edges(story, edge, false) < count_edges(story, edge, true)) {
        findings.push_back(fmt::format("the witness {} was never asked whether {} was over",
                                       edge.witness, strike_text(strike)));
      }
    }
  }
  return findings;
}

Findings disturbances(const Evidence& evidence) {
  Findings findings;
  for (const Note& note : evidence.story.disturbances) {
    findings.push_back(fmt::format("squall disturbed its own measurement: {}", note.message));
  }
  return findings;
}

constexpr std::array<Rule, 18> all_rules = {{
    {"ended in the middle", Outcome::aborted, ended_in_the_middle},
    {"needs not met", Outcome::unsupported, needs_not_met},
    {"refused as unsupported", Outcome::unsupported, refused_as_unsupported},
    {"refused", Outcome::aborted, refused},
    {"stopped", Outcome::aborted, stopped},
    {"baseline broken", Outcome::aborted, baseline_broken},
    {"did not bite", Outcome::invalid, faults_that_did_not_bite},
    {"ended early", Outcome::invalid, faults_that_ended_early},
    {"changes lost", Outcome::invalid, changes_lost},
    {"not restored", Outcome::invalid, not_restored},
    {"end not seen", Outcome::invalid, ends_not_seen},
    {"disturbed", Outcome::invalid, disturbances},
    {"baseline broken, yet struck", Outcome::invalid, struck_on_a_broken_baseline},
    {"gates not judged", Outcome::invalid, gates_not_judged},
    {"demands broken", Outcome::refuted, demands_broken},
    {"gates prove nothing", Outcome::inconclusive, gates_that_prove_nothing},
    {"too few samples", Outcome::inconclusive, too_few_samples},
    {"recovery unclear", Outcome::inconclusive, recovery_unclear},
}};

void add_fingerprint_findings(const Story& story, Findings& findings) {
  constexpr std::size_t most_shown = 5;
  const Fingerprint* before = story.find_fingerprint("before");
  const Fingerprint* after = story.find_fingerprint("after");
  if (before == nullptr || after == nullptr) {
    if (story.strikes.empty()) return;
    findings.push_back(fmt::format(
        "no fingerprint of the host was taken {} the run, so nothing shows that it is as before",
        before == nullptr ? "before" : "after"));
    return;
  }
  for (std::size_t i = 0; i < std::min(after->differences.size(), most_shown); ++i) {
    findings.push_back("the host is not as before: " + after->differences[i]);
  }
  if (after->differences.size() > most_shown) {
    findings.push_back(
        fmt::format("the host differs in {} more places", after->differences.size() - most_shown));
  }
}

}  // namespace

Findings not_restored(const Evidence& evidence) {
  Findings findings;
  for (const LivedChange& change : evidence.story.changes) {
    if (change.is_undone()) continue;
    if (change.ending == "foreign") {
      findings.push_back(fmt::format(
          "the change {} of {} was not restored by squall, a third party changed it meanwhile: {}",
          change.kind, change.fault, change.detail));
    } else {
      findings.push_back(fmt::format("the change {} of {} is not known to be undone; to undo: {}",
                                     change.kind, change.fault, change.undo));
    }
  }
  add_fingerprint_findings(evidence.story, findings);
  return findings;
}

Findings early_ends(const Evidence& evidence) {
  const Story& story = evidence.story;
  Findings findings;
  std::set<std::string> told;
  for (const Strike& strike : story.strikes) {
    const scenario::PlannedFault* fault = story.find_fault(strike.fault);
    const auto end = std::find_if(story.ends.begin(), story.ends.end(),
                                  [&](const FaultEnd& one) { return one.fault == strike.fault; });
    if (fault == nullptr || end == story.ends.end()) continue;
    for (const Edge& off : story.edges) {
      const bool is_meant = off.fault == strike.fault && off.strike == strike.number &&
                            !off.is_onset && off.was_seen && !off.victim_ended;
      if (!is_meant || off.at.by_ns >= end->commanded_ns || !told.insert(strike.fault).second)
        continue;
      const std::int64_t on = strike.commanded_ns;
      findings.push_back(fmt::format(
          "{} was in force for {} of {}, then something else ended it: the witness {} saw {}",
          strike_text(strike),
          say_interval_since({std::max(off.at.after_ns, on), off.at.by_ns}, on),
          render_rounded(fault->lasts), off.witness, off.detail));
    }
  }
  for (const Dose& dose : story.doses) {
    if (!dose.steady || 2 * dose.on_looks >= dose.looks || !told.insert(dose.fault).second)
      continue;
    findings.push_back(
        fmt::format("{} was not in force all the time: the witness {} saw it in {} of {} only",
                    dose.fault, dose.witness, dose.on_looks, say_count(dose.looks, "look")));
  }
  return findings;
}

std::string describe_faults(const Story& story) {
  constexpr std::size_t most_shown = 3;
  std::vector<std::string> texts;
  for (const Strike& strike : story.strikes) {
    const std::string text =
        strike.target.empty() ? strike.fault : fmt::format("{} on {}", strike.fault, strike.target);
    if (std::find(texts.begin(), texts.end(), text) == texts.end()) texts.push_back(text);
  }
  if (texts.size() > most_shown) {
    const std::size_t more = texts.size() - most_shown + 1;
    texts.resize(most_shown - 1);
    texts.push_back(say_count(static_cast<std::int64_t>(more), "more strike"));
  }
  return list_words(texts, "and");
}

std::span<const Rule> rules() {
  return all_rules;
}

}  // namespace squall::engine
