// The Markdown report lays the outline out as headings, lists and tables. A cell of a table cannot
// hold a line break or a bar, so every text goes through escape_markdown().
#include <fmt/core.h>

#include "core/text.h"
#include "report/escape.h"
#include "report/outline.h"
#include "report/report.h"
#include "report/steps.h"

namespace squall::report {
namespace {

std::string row(std::initializer_list<std::string_view> cells) {
  std::string text = "|";
  for (const std::string_view cell : cells) text += fmt::format(" {} |", escape_markdown(cell));
  return text + "\n";
}

// Headings ending in ':' are set to the right, as numbers are.
std::string table_head(std::initializer_list<std::string_view> headings) {
  std::string names = "|";
  std::string rule = "|";
  for (const std::string_view heading : headings) {
    const bool is_number = heading.ends_with(':');
    names += fmt::format(" {} |", is_number ? heading.substr(0, heading.size() - 1) : heading);
    rule += is_number ? " ---: |" : " --- |";
  }
  return names + "\n" + rule + "\n";
}

std::string top(const Outline& outline) {
  std::string text = fmt::format("# {}: {}\n\n**{}** {}\n", escape_markdown(outline.outcome),
                                 escape_markdown(outline.title), escape_markdown(outline.learnt),
                                 escape_markdown(outline.meaning));
  if (!outline.hypothesis.empty()) {
    text += fmt::format("\nHypothesis: {}\n", escape_markdown(outline.hypothesis));
  }
  if (!outline.reasons.empty()) text += "\n";
  for (const std::string& reason : outline.reasons) {
    text += fmt::format("- {}\n", escape_markdown(reason));
  }
  return text;
}

std::string_view word_of(StepState state) {
  switch (state) {
    case StepState::passed:
      return "yes";
    case StepState::failed:
      return "NO";
    case StepState::not_asked:
      return "not asked";
    case StepState::not_needed:
      return "not needed";
    case StepState::not_reached:
      return "not reached";
  }
  return "";
}

std::string steps_table(const engine::Evidence& evidence, const engine::Verdict& verdict) {
  std::string text = "\n" + table_head({"step", "passed", "after", "details"});
  for (const Step& step : steps_of(evidence, verdict)) {
    text += row({step.name, word_of(step.state), step.time, join(step.details, "; ")});
  }
  return text;
}

std::string clocks_table(const Outline& outline) {
  std::string text = "\n## Clocks\n\n" + table_head({"clock", "what happened", "in the run",
                                                     "counted", "polling floor"});
  for (const ClockLine& clock : outline.clocks) {
    text += row({clock.name, clock.about, clock.at ? clock.when : "did not happen", clock.since,
                 clock.floor});
  }
  return text;
}

std::string gates_table(const Outline& outline) {
  if (outline.gates.empty()) return {};
  std::string text = "\n## Gates\n\n" + table_head({"gate", "check", "met", "limit:"});
  for (const GateLine& gate : outline.gates) {
    text += row({gate.gate, gate.check, gate.result, gate.limit});
  }
  return text;
}

std::string checks_table(const Outline& outline) {
  if (outline.checks.empty()) return {};
  std::string text =
      "\n## Checks, from the fault on\n\n" +
      table_head({"check", "demand", "samples:", "broken:", "too late:", "harm, at most:", "p50:",
                  "p90:", "p99:", "max:", "polling floor:"});
  for (const CheckLine& check : outline.checks) {
    text += row({check.name, check.demand, check.samples, check.bad, check.tainted,
                 check.harm_bound, check.p50, check.p90, check.p99, check.max, check.floor});
  }
  return text;
}

std::string fault_part(const FaultPart& fault) {
  std::string text = fmt::format("\n### {}\n\n", escape_markdown(fault.id));
  if (!fault.asked.empty()) text += fmt::format("Asked: {}\n", escape_markdown(fault.asked));
  for (const std::string& strike : fault.strikes) {
    text += fmt::format("\n- {}", escape_markdown(strike));
  }
  if (!fault.strikes.empty()) text += "\n";
  if (!fault.changes.empty()) {
    text += "\n" + table_head({"change", "kept", "how it is undone", "how it ended"});
  }
  for (const ChangeLine& change : fault.changes) {
    text += row({change.describe, change.keeping, change.undo, change.ending});
  }
  if (!fault.witnesses.empty() || !fault.doses.empty()) {
    text += "\n" + table_head({"witness", "what it saw", "when", "detail"});
  }
  for (const WitnessLine& line : fault.witnesses) {
    text += row({line.witness, line.edge, line.when, line.detail});
  }
  for (const DoseLine& dose : fault.doses) {
    text += row({dose.witness, "dose delivered", dose.delivered, ""});
  }
  return text;
}

}  // namespace

std::string markdown(const Timeline& timeline, const engine::Verdict& verdict) {
  const engine::Evidence evidence(timeline);
  const engine::Story& story = evidence.story;
  const Outline outline = make_outline(story, verdict);
  std::string text = top(outline) + steps_table(evidence, verdict) + clocks_table(outline) +
                     gates_table(outline) + checks_table(outline);
  if (!outline.faults.empty()) text += "\n## Faults, and how they were undone\n";
  for (const FaultPart& fault : outline.faults) text += fault_part(fault);
  text += fmt::format("\n## The host afterwards\n\n{}\n", escape_markdown(outline.restored));
  if (!outline.differences.empty()) text += "\n";
  for (const std::string& difference : outline.differences) {
    text += fmt::format("- {}\n", escape_markdown(difference));
  }
  text += "\n## This run\n\n";
  for (const auto& [name, value] : outline.environment) {
    text += fmt::format("- {}: {}\n", escape_markdown(name), escape_markdown(value));
  }
  text += fmt::format("- again with: {}\n", escape_markdown(outline.replay));
  for (const std::string& note : outline.notes) {
    text += fmt::format("- note at {}\n", escape_markdown(note));
  }
  return text;
}

}  // namespace squall::report
