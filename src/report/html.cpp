// The page is put together from the outline, the steps and the plot. It carries a content security
// policy under which no script could run, even if one got past the escaping.
#include <algorithm>

#include <fmt/core.h>

#include "report/escape.h"
#include "report/html_style.h"
#include "report/outline.h"
#include "report/plot.h"
#include "report/report.h"
#include "report/steps.h"

namespace squall::report {
namespace {

std::string cell(std::string_view text, std::string_view look = {}) {
  if (look.empty()) return fmt::format("<td>{}</td>", escape_html(text));
  return fmt::format("<td class=\"{}\">{}</td>", look, escape_html(text));
}

struct Heading {
  std::string_view text;
  bool is_number = false;
};

std::string table_head(std::initializer_list<Heading> headings) {
  std::string row = "<div class=\"scroll\"><table><thead><tr>";
  for (const Heading& heading : headings) {
    row += fmt::format("<th{}>{}</th>", heading.is_number ? " class=\"number\"" : "", heading.text);
  }
  return row + "</tr></thead><tbody>\n";
}
constexpr std::string_view table_foot = "</tbody></table></div>\n";

std::string head(const Outline& outline) {
  return fmt::format(
      "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
      "'unsafe-inline'\">\n<title>{}: {}</title>\n<style>{}</style></head>\n",
      escape_html(outline.outcome), escape_html(outline.title), html_style());
}

std::string top(const Outline& outline) {
  std::string text = fmt::format(
      "<header class=\"card top tone-{0}\"><span class=\"word\">{0}</span>"
      "<span class=\"meaning\">{1}</span>\n<h1>{2}</h1>\n<p class=\"learnt\">{3}</p>\n",
      escape_html(outline.outcome), escape_html(outline.meaning), escape_html(outline.title),
      escape_html(outline.learnt));
  if (!outline.hypothesis.empty()) {
    text += fmt::format("<p class=\"hypothesis\">Hypothesis: {}</p>\n",
                        escape_html(outline.hypothesis));
  }
  if (!outline.reasons.empty()) {
    text += "<ul class=\"reasons\">\n";
    for (const std::string& reason : outline.reasons) {
      text += fmt::format("<li>{}</li>\n", escape_html(reason));
    }
    text += "</ul>\n";
  }
  return text + "</header>\n";
}

std::string step_card(const Step& step, std::size_t number) {
  const std::string_view look = step.state == StepState::passed   ? " yes"
                                : step.state == StepState::failed ? " no"
                                                                  : "";
  std::string headline = step.time;
  if (step.state == StepState::not_asked) headline = "not asked";
  if (step.state == StepState::not_needed) headline = "not needed";
  if (step.state == StepState::not_reached) headline = "not reached";
  if (step.state == StepState::failed) headline = "no";
  if (headline.empty()) headline = "yes";
  std::string text = fmt::format("<div class=\"card step{}\"><b>{} {}</b><span>{}</span>", look,
                                 number, escape_html(step.name), escape_html(headline));
  for (const std::string& detail : step.details) {
    if (detail != headline) text += fmt::format("<em>{}</em>", escape_html(detail));
  }
  return text + "</div>\n";
}

std::string steps_row(const engine::Evidence& evidence, const engine::Verdict& verdict) {
  std::string text = "<section class=\"steps\">\n";
  std::size_t number = 0;
  for (const Step& step : steps_of(evidence, verdict)) text += step_card(step, ++number);
  return text + "</section>\n";
}

std::string timeline_part(const engine::Evidence& evidence, const engine::Verdict& verdict) {
  return "<h2>Timeline</h2>\n<section class=\"card scroll\">\n" + plot(evidence.story, verdict) +
         "</section>\n";
}

std::string clocks_table(const Outline& outline) {
  std::string text =
      "<h2>Clocks</h2>\n<section class=\"card\">" +
      table_head({{"clock"}, {"what happened"}, {"in the run"}, {"counted"}, {"polling floor"}});
  for (const ClockLine& clock : outline.clocks) {
    const bool has_happened = clock.at.has_value();
    text += "<tr>" + cell(clock.name, "fixed") + cell(clock.about, "soft") +
            cell(has_happened ? clock.when : "did not happen", has_happened ? "fixed" : "soft") +
            cell(clock.since) + cell(clock.floor, "soft") + "</tr>\n";
  }
  return text + std::string(table_foot) + "</section>\n";
}

std::string checks_table(const Outline& outline) {
  if (outline.checks.empty()) return {};
  std::string text = "<h2>Checks, from the fault on</h2>\n<section class=\"card\">" +
                     table_head({{"check"},
                                 {"demand"},
                                 {"samples", true},
                                 {"broken", true},
                                 {"too late", true},
                                 {"harm, at most", true},
                                 {"p50", true},
                                 {"p90", true},
                                 {"p99", true},
                                 {"max", true},
                                 {"polling floor", true}});
  for (const CheckLine& check : outline.checks) {
    text += "<tr>" + cell(check.name) + cell(check.demand, "soft") + cell(check.samples, "number") +
            cell(check.bad, check.has_bad ? "number no-text" : "number") +
            cell(check.tainted, "number") + cell(check.harm_bound, "number") +
            cell(check.p50, "number") + cell(check.p90, "number") + cell(check.p99, "number") +
            cell(check.max, "number") + cell(check.floor, "number soft") + "</tr>\n";
  }
  return text + std::string(table_foot) +
         "<p class=\"soft foot\">Latencies of answered samples, from their planned instants. Harm "
         "is "
         "the upper 95 % bound of the share of broken samples.</p></section>\n";
}

std::string gates_table(const Outline& outline) {
  if (outline.gates.empty()) return {};
  std::string text = "<h2>Gates</h2>\n<section class=\"card\">" +
                     table_head({{"gate"}, {"check"}, {"met"}, {"limit", true}});
  for (const GateLine& gate : outline.gates) {
    text += "<tr>" + cell(gate.gate) + cell(gate.check) +
            cell(gate.result, gate.met ? "yes-text" : "no-text") + cell(gate.limit, "number") +
            "</tr>\n";
  }
  return text + std::string(table_foot) + "</section>\n";
}

std::string_view look_of(const ChangeLine& change) {
  if (change.keeping == "irreversible") return "soft";
  return change.is_undone ? "yes-text" : "no-text";
}

std::string changes_table(const FaultPart& fault) {
  if (fault.changes.empty()) return {};
  std::string text = table_head({{"change"}, {"kept"}, {"how it is undone"}, {"how it ended"}});
  for (const ChangeLine& change : fault.changes) {
    text += "<tr>" + cell(change.describe) + cell(change.keeping, "soft") + cell(change.undo) +
            cell(change.ending, look_of(change)) + "</tr>\n";
  }
  return text + std::string(table_foot);
}

std::string witness_table(const FaultPart& fault) {
  if (fault.witnesses.empty() && fault.doses.empty()) return {};
  std::string text = table_head({{"witness"}, {"what it saw"}, {"when"}, {"detail"}});
  for (const WitnessLine& line : fault.witnesses) {
    text += "<tr>" + cell(line.witness) + cell(line.edge, line.was_seen ? "yes-text" : "no-text") +
            cell(line.when) + cell(line.detail, "soft") + "</tr>\n";
  }
  for (const DoseLine& dose : fault.doses) {
    text += "<tr>" + cell(dose.witness) + cell("dose delivered") + cell(dose.delivered) +
            cell(fault.asked.empty() ? "" : "asked: " + fault.asked, "soft") + "</tr>\n";
  }
  return text + std::string(table_foot);
}

std::string faults_part(const Outline& outline) {
  if (outline.faults.empty()) return {};
  std::string text = "<h2>Faults, and how they were undone</h2>\n<section class=\"card\">\n";
  for (const FaultPart& fault : outline.faults) {
    text += fmt::format("<div class=\"part\"><h3>{}</h3>\n", escape_html(fault.id));
    if (!fault.asked.empty()) {
      text += fmt::format("<p class=\"soft\">{}</p>\n", escape_html(fault.asked));
    }
    for (const std::string& strike : fault.strikes) {
      text += fmt::format("<p>{}</p>\n", escape_html(strike));
    }
    text += changes_table(fault) + witness_table(fault) + "</div>\n";
  }
  return text + "</section>\n";
}

std::string restored_part(const Outline& outline) {
  std::string text =
      fmt::format("<h2>The host afterwards</h2>\n<section class=\"card\"><p class=\"{}\">{}</p>\n",
                  outline.is_restored ? "yes-text" : "no-text", escape_html(outline.restored));
  if (!outline.differences.empty()) {
    text += "<ul class=\"reasons\">\n";
    for (const std::string& difference : outline.differences) {
      text += fmt::format("<li>{}</li>\n", escape_html(difference));
    }
    text += "</ul>\n";
  }
  return text + "</section>\n";
}

std::string run_part(const Outline& outline, const engine::Story& story) {
  std::string text = "<h2>This run</h2>\n<section class=\"card\">\n<dl>\n";
  for (const auto& [name, value] : outline.environment) {
    text += fmt::format("<dt>{}</dt><dd>{}</dd>\n", escape_html(name), escape_html(value));
  }
  text += fmt::format(
      "</dl>\n<pre>{}</pre>\n<p class=\"soft foot\">The same seed makes the same "
      "choices; the plan must have the same hash.</p>\n",
      escape_html(outline.replay));
  for (const std::string& note : outline.notes) {
    text += fmt::format("<p class=\"soft foot\">Note at {}</p>\n", escape_html(note));
  }
  if (const json::object* plan = object_at(story.started, "plan")) {
    text += fmt::format("<details><summary>The plan</summary><pre>{}</pre></details>\n",
                        escape_html_lines(pretty_json(*plan)));
  }
  return text + "</section>\n";
}

}  // namespace

std::string html(const Timeline& timeline, const engine::Verdict& verdict) {
  const engine::Evidence evidence(timeline);
  const engine::Story& story = evidence.story;
  const Outline outline = make_outline(story, verdict);
  const bool has_samples =
      std::any_of(story.checks.begin(), story.checks.end(),
                  [](const engine::WatchedCheck& check) { return !check.samples.empty(); });
  std::string text = head(outline) + "<body><main>\n" + top(outline) + steps_row(evidence, verdict);
  // A run that ended at its gates has nothing to plot and nothing to count.
  if (has_samples || !story.strikes.empty()) {
    text += timeline_part(evidence, verdict) + clocks_table(outline) + gates_table(outline) +
            checks_table(outline);
  }
  return text + faults_part(outline) + restored_part(outline) + run_part(outline, story) +
         fmt::format("<footer>squall {}</footer>\n",
                     escape_html(text_at(story.started, "version"))) +
         "</main></body></html>\n";
}

}  // namespace squall::report
