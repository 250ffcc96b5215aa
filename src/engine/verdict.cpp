// A verdict is the first rule that finds something; what is left when none does has held.
#include "engine/verdict.h"

#include <algorithm>
#include <array>

#include "core/text.h"
#include "engine/evidence.h"
#include "engine/learnt.h"
#include "engine/rules.h"

namespace squall::engine {
namespace {

struct OutcomeRow {
  Outcome outcome;
  std::string_view name;
  int exit_code;
};
constexpr std::array<OutcomeRow, 6> outcomes = {{
    {Outcome::held, "held", 0},
    {Outcome::refuted, "refuted", 1},
    {Outcome::invalid, "invalid", 4},
    {Outcome::inconclusive, "inconclusive", 5},
    {Outcome::aborted, "aborted", 6},
    {Outcome::unsupported, "unsupported", 3},
}};

const OutcomeRow& row_of(Outcome outcome) {
  const auto found = std::find_if(outcomes.begin(), outcomes.end(),
                                  [&](const OutcomeRow& row) { return row.outcome == outcome; });
  CHECK(found != outcomes.end(), "every outcome is in the table");
  return *found;
}

json::value interval_json(const std::optional<Interval>& at) {
  if (!at) return nullptr;
  return json::object{{"after_ns", at->after_ns}, {"by_ns", at->by_ns}};
}

json::object clocks_json(const Clocks& clocks) {
  return {{"commanded", interval_json(clocks.commanded)},
          {"witnessed_on", interval_json(clocks.witnessed_on)},
          {"first_harm", interval_json(clocks.first_harm)},
          {"first_trigger", interval_json(clocks.first_trigger)},
          {"healed", interval_json(clocks.healed)},
          {"commanded_off", interval_json(clocks.commanded_off)},
          {"witnessed_off", interval_json(clocks.witnessed_off)},
          {"steady_again", interval_json(clocks.steady_again)}};
}

json::object check_json(const CheckSummary& check) {
  return {{"name", check.name},
          {"demand", check.demand},
          {"samples", check.samples},
          {"bad", check.bad},
          {"tainted", check.tainted},
          {"harm_bound", check.harm_bound},
          {"latency_p50_ms", check.latency_p50_ms},
          {"latency_p90_ms", check.latency_p90_ms},
          {"latency_p99_ms", check.latency_p99_ms},
          {"latency_max_ms", check.latency_max_ms},
          {"floor_ns", check.floor.nanoseconds}};
}

json::object gate_json(const GateSummary& gate) {
  return {{"gate", gate.gate},
          {"check", gate.check},
          {"met", gate.met},
          {"after_ns", gate.at.after_ns},
          {"by_ns", gate.at.by_ns},
          {"within_ns", gate.within.nanoseconds},
          {"proves_nothing", gate.proves_nothing},
          {"needless", gate.needless}};
}

}  // namespace

std::string_view outcome_name(Outcome outcome) {
  return row_of(outcome).name;
}

std::optional<Outcome> outcome_from_name(std::string_view name) {
  for (const OutcomeRow& row : outcomes) {
    if (row.name == name) return row.outcome;
  }
  return std::nullopt;
}

int exit_code(Outcome outcome) {
  return row_of(outcome).exit_code;
}

Verdict judge(const std::vector<Event>& timeline) {
  const Evidence evidence(timeline);
  Verdict verdict;
  verdict.outcome = Outcome::held;
  for (const Rule& rule : rules()) {
    if (verdict.outcome != Outcome::held && verdict.outcome != rule.outcome) continue;
    const Findings findings = rule.find(evidence);
    if (findings.empty()) continue;
    verdict.outcome = rule.outcome;
    verdict.reasons.insert(verdict.reasons.end(), findings.begin(), findings.end());
  }
  if (verdict.outcome == Outcome::held) verdict.reasons = what_held(evidence);
  verdict.learnt = printable(what_was_learnt(evidence, verdict.outcome, verdict.reasons));
  // A host that is not as before is worth saying whatever else ended the run.
  const bool is_said = verdict.outcome == Outcome::invalid;
  if (!evidence.is_restored && !is_said) {
    for (const std::string& finding : not_restored(evidence)) verdict.reasons.push_back(finding);
  }
  for (std::string& reason : verdict.reasons) reason = printable(reason);
  verdict.clocks = evidence.clocks;
  for (const CheckEvidence& check : evidence.checks) verdict.checks.push_back(check.summary);
  verdict.gates = evidence.gates;
  verdict.restored = evidence.is_restored;
  return verdict;
}

json::object to_json(const Verdict& verdict) {
  json::array reasons;
  for (const std::string& reason : verdict.reasons) reasons.emplace_back(reason);
  json::array checks;
  for (const CheckSummary& check : verdict.checks) checks.push_back(check_json(check));
  json::array gates;
  for (const GateSummary& gate : verdict.gates) gates.push_back(gate_json(gate));
  return {{"outcome", outcome_name(verdict.outcome)},
          {"exit_code", exit_code(verdict.outcome)},
          {"restored", verdict.restored},
          {"learnt", verdict.learnt},
          {"reasons", std::move(reasons)},
          {"clocks", clocks_json(verdict.clocks)},
          {"checks", std::move(checks)},
          {"gates", std::move(gates)}};
}

}  // namespace squall::engine
