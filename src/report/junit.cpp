// How an outcome becomes a result of a case, so that a pipeline which knows nothing of squall does
// the right thing:
//
//   refuted                          failure  the target did not do what was demanded
//   invalid, inconclusive, aborted   error    the drill itself did not work; never a pass
//   unsupported                      skipped  this host cannot do it, nothing was touched
//
// Cases for checks and gates are decided only by runs that prove something; in others they are
// skipped with the reason.
#include <algorithm>

#include <fmt/core.h>

#include "engine/rules_of_checks.h"
#include "report/escape.h"
#include "report/outline.h"
#include "report/report.h"

namespace squall::report {
namespace {

using engine::CheckEvidence;
using engine::Evidence;
using engine::Outcome;
using engine::Story;

enum class Ruling { passed, failed, error, skipped };

struct Case {
  std::string group;  // verdict | witness | restore | check | gate
  std::string name;
  Ruling result = Ruling::passed;
  std::string message;  // one sentence; empty when passed
};

Ruling result_of(Outcome outcome) {
  switch (outcome) {
    case Outcome::held:
      return Ruling::passed;
    case Outcome::refuted:
      return Ruling::failed;
    case Outcome::unsupported:
      return Ruling::skipped;
    case Outcome::invalid:
    case Outcome::inconclusive:
    case Outcome::aborted:
      return Ruling::error;
  }
  return Ruling::error;
}

// A run of these outcomes says nothing about what was demanded of the target.
bool proves_nothing(Outcome outcome) {
  return outcome == Outcome::invalid || outcome == Outcome::aborted ||
         outcome == Outcome::unsupported;
}

Case case_of_edge(const engine::Edge& edge, const Story& story) {
  std::string target;
  for (const engine::Strike& strike : story.strikes) {
    if (strike.fault == edge.fault && strike.number == edge.strike) target = strike.target;
  }
  const std::string name =
      fmt::format("{} sees {}{}{} {}", edge.witness, edge.fault, target.empty() ? "" : " on ",
                  target, edge.is_onset ? "begin" : "end");
  if (edge.was_seen) return {"witness", name, Ruling::passed, ""};
  return {"witness", name, Ruling::error, "not seen: " + edge.detail};
}

Case case_of_change(const engine::LivedChange& change) {
  const std::string name = fmt::format("{} is undone: {}", change.fault,
                                       change.describe.empty() ? change.kind : change.describe);
  if (change.keeping == "irreversible") {
    return {"restore", name, Ruling::skipped, "cannot be undone, as the scenario accepts"};
  }
  if (change.is_undone() && change.lost.empty()) return {"restore", name, Ruling::passed, ""};
  return {"restore", name, Ruling::error, describe_ending(change)};
}

Case case_of_fingerprint(const Story& story, const Outline& outline) {
  Case one{"restore", "the host is as before", Ruling::passed, ""};
  const engine::Fingerprint* before = story.find_fingerprint("before");
  const engine::Fingerprint* after = story.find_fingerprint("after");
  const bool was_compared = before != nullptr && after != nullptr;
  if (was_compared && after->differences.empty() && before->digest == after->digest) return one;
  one.result = story.strikes.empty() && !was_compared ? Ruling::skipped : Ruling::error;
  one.message = outline.restored;
  for (const std::string& difference : outline.differences) one.message += "; " + difference;
  return one;
}

Case case_of_check(const Evidence& evidence, const CheckEvidence& check, Outcome outcome) {
  Case one{"check", fmt::format("{} ({})", check.summary.name, check.summary.demand),
           Ruling::passed, ""};
  if (proves_nothing(outcome)) {
    one.result = Ruling::skipped;
    one.message = fmt::format("not decided: the run is {}", engine::outcome_name(outcome));
    return one;
  }
  const engine::Findings broken = engine::broken_demands_of(evidence, check);
  if (!broken.empty()) return {one.group, one.name, Ruling::failed, broken.front()};
  engine::Findings open = engine::shortages_of(evidence, check);
  for (std::string& finding : engine::unclear_recovery_of(evidence, check)) {
    open.push_back(std::move(finding));
  }
  if (!open.empty()) return {one.group, one.name, Ruling::error, open.front()};
  return one;
}

Case case_of_gate(const Story& story, const scenario::PlannedCheck& check, Outcome outcome) {
  const std::string_view gate_name = scenario::gate_name(check.gate);
  Case one{"gate", fmt::format("{} ({})", check.name, gate_name), Ruling::skipped, ""};
  for (const engine::JudgedGate& gate : story.gates) {
    if (gate.check != check.name || gate.gate != gate_name || proves_nothing(outcome)) continue;
    one.result = gate.met ? Ruling::passed : Ruling::failed;
    if (gate.needless) {
      one.result = Ruling::passed;
    } else if (gate.proves_nothing) {
      one.result = Ruling::error;
      one.message = "proves nothing: " + gate.why;
    } else if (!gate.met) {
      one.message = fmt::format("not met within {}{}{}", render_rounded(gate.within),
                                gate.why.empty() ? "" : ": ", gate.why);
    }
  }
  if (one.result == Ruling::skipped) {
    one.message = fmt::format("not decided: the run is {}", engine::outcome_name(outcome));
  }
  return one;
}

std::vector<Case> cases_of(const Evidence& evidence, const Outline& outline,
                           const engine::Verdict& verdict) {
  const Story& story = evidence.story;
  const Outcome outcome = verdict.outcome;
  std::vector<Case> cases;
  std::string reasons;
  for (const std::string& reason : verdict.reasons) {
    reasons += (reasons.empty() ? "" : "; ") + reason;
  }
  cases.push_back(
      {"verdict", outline.title, result_of(outcome), outcome == Outcome::held ? "" : reasons});
  for (const engine::Edge& edge : story.edges) cases.push_back(case_of_edge(edge, story));
  for (const CheckEvidence& check : evidence.checks) {
    cases.push_back(case_of_check(evidence, check, outcome));
  }
  for (const scenario::PlannedCheck& check : story.plan.checks) {
    if (check.gate != scenario::Gate::none) cases.push_back(case_of_gate(story, check, outcome));
  }
  for (const engine::LivedChange& change : story.changes) cases.push_back(case_of_change(change));
  cases.push_back(case_of_fingerprint(story, outline));
  return cases;
}

std::string render_case(const Case& one, const Outline& outline, double seconds) {
  std::string text =
      fmt::format("    <testcase classname=\"squall.{}.{}\" name=\"{}\" time=\"{:.3f}\"",
                  escape_html(outline.scenario), one.group, escape_html(one.name), seconds);
  if (one.result == Ruling::passed) return text + "/>\n";
  const std::string message = escape_html(one.message);
  text += ">\n";
  if (one.result == Ruling::skipped) {
    text += fmt::format("      <skipped message=\"{}\"/>\n", message);
  } else {
    const bool is_failure = one.result == Ruling::failed;
    text += fmt::format("      <{0} type=\"{1}\" message=\"{2}\">{2}</{0}>\n",
                        is_failure ? "failure" : "error",
                        is_failure ? "refuted" : escape_html(outline.outcome), message);
  }
  return text + "    </testcase>\n";
}

}  // namespace

std::string junit(const Timeline& timeline, const engine::Verdict& verdict) {
  const Evidence evidence(timeline);
  const Outline outline = make_outline(evidence.story, verdict);
  const std::vector<Case> cases = cases_of(evidence, outline, verdict);
  const auto count = [&](Ruling wanted) {
    return std::count_if(cases.begin(), cases.end(),
                         [&](const Case& one) { return one.result == wanted; });
  };
  const double seconds = static_cast<double>(evidence.story.last_ns) / 1e9;
  const std::string counts = fmt::format(
      "tests=\"{}\" failures=\"{}\" errors=\"{}\" skipped=\"{}\" time=\"{:.3f}\"", cases.size(),
      count(Ruling::failed), count(Ruling::error), count(Ruling::skipped), seconds);
  std::string text = fmt::format(
      "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites {0}>\n  <testsuite name=\"{1}\" {0} "
      "timestamp=\"{2}\" hostname=\"{3}\">\n    <properties>\n",
      counts, escape_html(outline.scenario), escape_html(text_at(evidence.story.started, "wall")),
      escape_html(text_at(object_at(evidence.story.started, "host") == nullptr
                              ? json::object()
                              : *object_at(evidence.story.started, "host"),
                          "name")));
  for (const auto& [name, value] : outline.environment) {
    text += fmt::format("      <property name=\"{}\" value=\"{}\"/>\n", escape_html(name),
                        escape_html(value));
  }
  text += fmt::format("      <property name=\"learnt\" value=\"{}\"/>\n    </properties>\n",
                      escape_html(outline.learnt));
  // The whole run is timed once, on the case of its verdict.
  for (const Case& one : cases) {
    text += render_case(one, outline, one.group == "verdict" ? seconds : 0);
  }
  return text + "  </testsuite>\n</testsuites>\n";
}

}  // namespace squall::report
