// The JSON report holds what was recorded rather than what is said of it: times as numbers, changes
// and witnesses one by one, and the plan as it was. Its members only ever grow in number; whoever
// reads it must ignore those it does not know.
#include <algorithm>

#include "report/outline.h"
#include "report/report.h"
#include "report/steps.h"

namespace squall::report {
namespace {

using engine::Story;

json::object change_json(const engine::LivedChange& change) {
  json::object object = {{"id", change.id},
                         {"kind", change.kind},
                         {"describe", change.describe},
                         {"undo", change.undo},
                         {"keeping", change.keeping},
                         {"commanded_ns", change.commanded_ns},
                         {"applied_ns", change.applied_ns},
                         {"reverted_ns", nullptr},
                         {"ending", change.ending},
                         {"detail", change.detail},
                         {"lost", change.lost}};
  if (change.reverted_ns) object["reverted_ns"] = *change.reverted_ns;
  return object;
}

json::object edge_json(const engine::Edge& edge) {
  json::object object = {
      {"witness", edge.witness}, {"strike", edge.strike}, {"edge", edge.is_onset ? "on" : "off"},
      {"seen", edge.was_seen},   {"after_ns", nullptr},   {"by_ns", nullptr},
      {"detail", edge.detail}};
  if (edge.was_seen) object["after_ns"] = edge.at.after_ns;
  if (edge.was_seen) object["by_ns"] = edge.at.by_ns;
  return object;
}

json::object fault_json(const Story& story, const scenario::PlannedFault& fault) {
  json::array strikes;
  for (const engine::Strike& strike : story.strikes) {
    if (strike.fault != fault.id) continue;
    strikes.push_back(json::object{{"strike", strike.number},
                                   {"target", strike.target},
                                   {"commanded_ns", strike.commanded_ns}});
  }
  json::array changes;
  for (const engine::LivedChange& change : story.changes) {
    if (change.fault == fault.id) changes.push_back(change_json(change));
  }
  json::array edges;
  for (const engine::Edge& edge : story.edges) {
    if (edge.fault == fault.id) edges.push_back(edge_json(edge));
  }
  json::array doses;
  for (const engine::Dose& dose : story.doses) {
    if (dose.fault != fault.id) continue;
    doses.push_back(json::object{{"witness", dose.witness},
                                 {"unit", dose.unit},
                                 {"looks", dose.looks},
                                 {"on_looks", dose.on_looks},
                                 {"mean", dose.mean},
                                 {"min", dose.min},
                                 {"max", dose.max}});
  }
  return {{"id", fault.id},        {"kind", fault.kind},
          {"asked", fault.params}, {"for_ns", fault.lasts.nanoseconds},
          {"strikes", strikes},    {"changes", changes},
          {"witnesses", edges},    {"doses", doses}};
}

json::object run_json(const Story& story, const Outline& outline) {
  json::object run;
  for (const auto& [key, value] : story.started) {
    const bool is_frame = key == "event" || key == "t_ns" || key == "plan";
    if (!is_frame) run[key] = value;
  }
  run["duration_ns"] = story.last_ns;
  run["replay"] = outline.replay;
  return run;
}

json::object fingerprint_json(const Story& story) {
  json::object object = {{"before", nullptr}, {"after", nullptr}, {"differences", json::array{}}};
  for (const engine::Fingerprint& print : story.fingerprints) {
    object[print.moment] = print.digest;
    json::array& differences = object["differences"].as_array();
    for (const std::string& difference : print.differences) differences.emplace_back(difference);
  }
  return object;
}

}  // namespace

std::string json_document(const Timeline& timeline, const engine::Verdict& verdict) {
  const Story story = engine::read_story(timeline);
  const Outline outline = make_outline(story, verdict);
  json::array faults;
  for (const scenario::PlannedFault& fault : story.plan.faults) {
    faults.push_back(fault_json(story, fault));
  }
  json::array notes;
  for (const std::string& note : outline.notes) notes.emplace_back(note);
  const json::object* plan = object_at(story.started, "plan");
  const json::object document = {{"format", "squall report 1"},
                                 {"run", run_json(story, outline)},
                                 {"verdict", engine::to_json(verdict)},
                                 {"faults", std::move(faults)},
                                 {"fingerprint", fingerprint_json(story)},
                                 {"notes", std::move(notes)},
                                 {"plan", plan == nullptr ? json::value(nullptr) : *plan}};
  return pretty_json(document) + "\n";
}

}  // namespace squall::report
