// One reader per event, in a table: an event that is not in it is not part of the story.
#include "engine/story.h"

#include <algorithm>
#include <array>

namespace squall::engine {
namespace {

// Thirty years either way: sums and differences of such times cannot overflow.
std::int64_t time_at(const Event& event, std::string_view key) {
  constexpr std::int64_t furthest = 1'000'000'000'000'000'000;
  return std::clamp(integer_at(event, key), -furthest, furthest);
}

std::int64_t time_of(const Event& event) {
  return time_at(event, "t_ns");
}

Interval interval_of(const Event& event) {
  const Interval interval{time_at(event, "after_ns"), time_at(event, "by_ns")};
  return {std::min(interval.after_ns, interval.by_ns), interval.by_ns};
}

// An identifier may be a number or a text; both name the same thing.
std::string id_at(const Event& event, std::string_view key) {
  const json::value* value = event.if_contains(key);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : canonical_json(*value);
}

void read_started(Story& story, const Event& event) {
  story.started = event;
  const json::object* object = object_at(event, "plan");
  if (object == nullptr) return;
  Result<scenario::Plan> plan = scenario::plan_from_json(*object);
  if (!plan.ok()) return;
  story.plan = std::move(plan).value();
  story.has_plan = true;
  for (const scenario::PlannedCheck& check : story.plan.checks) story.checks.push_back({check, {}});
}

void read_phase(Story& story, const Event& event) {
  story.phases.push_back({text_at(event, "phase"), time_of(event)});
}

void read_need(Story& story, const Event& event) {
  story.needs.push_back({text_at(event, "fault"), text_at(event, "what"), bool_at(event, "met"),
                         text_at(event, "reason")});
}

// The check of this name; one that the plan does not name is shown, but nothing is demanded of it.
WatchedCheck& check_named(Story& story, const std::string& name) {
  for (WatchedCheck& check : story.checks) {
    if (check.plan.name == name) return check;
  }
  WatchedCheck unknown;
  unknown.plan.name = name;
  unknown.plan.demand = scenario::Demand::eventually;
  story.checks.push_back(std::move(unknown));
  return story.checks.back();
}

void read_sample(Story& story, const Event& event) {
  check_named(story, text_at(event, "check"))
      .samples.push_back({.planned_ns = time_at(event, "planned_ns"),
                          .sent_ns = time_at(event, "sent_ns"),
                          .done_ns = time_at(event, "done_ns"),
                          .late_ns = integer_at(event, "late_ns"),
                          .good = bool_at(event, "good"),
                          .tainted = bool_at(event, "tainted"),
                          .why = text_at(event, "why"),
                          .problem = text_at(event, "problem")});
}

void read_gauge(Story& story, const Event& event) {
  story.gauges.push_back(
      {.at_ns = time_of(event),
       .cpu = number_at(event, "cpu"),
       .memory_bytes = number_at(event, "memory_bytes"),
       .disk_bytes = number_at(event, "disk_read_bytes") + number_at(event, "disk_write_bytes"),
       .network_bytes =
           number_at(event, "network_in_bytes") + number_at(event, "network_out_bytes")});
}

void read_fault_commanded(Story& story, const Event& event) {
  story.strikes.push_back({text_at(event, "fault"), text_at(event, "kind"),
                           integer_at(event, "strike"), text_at(event, "target"), time_of(event)});
}

void read_change_applied(Story& story, const Event& event) {
  story.changes.push_back(
      {.fault = text_at(event, "fault"),
       .id = id_at(event, "change"),
       .kind = text_at(event, "kind"),
       .describe = text_at(event, "describe"),
       .undo = text_at(event, "undo"),
       .keeping = text_at(event, "keeping"),
       .commanded_ns = time_at(event, "commanded_ns"),
       .applied_ns = event.contains("applied_ns") ? time_at(event, "applied_ns") : time_of(event)});
}

// The newest change of this fault and id. One that was never seen to be applied (its event was lost
// with the runner) is added, so that its end is told all the same.
LivedChange& change_of(Story& story, const Event& event) {
  const std::string fault = text_at(event, "fault");
  const std::string id = id_at(event, "change");
  const auto found = std::find_if(
      story.changes.rbegin(), story.changes.rend(),
      [&](const LivedChange& change) { return change.fault == fault && change.id == id; });
  if (found != story.changes.rend()) return *found;
  story.changes.push_back({.fault = fault, .id = id, .kind = text_at(event, "kind")});
  return story.changes.back();
}

void read_change_refused(Story& story, const Event& event) {
  story.refusals.push_back({text_at(event, "fault"), text_at(event, "kind"),
                            code_from_name(text_at(event, "code")), text_at(event, "message"),
                            text_at(event, "next"), bool_at(event, "foreseen")});
}

void read_change_reverted(Story& story, const Event& event) {
  LivedChange& change = change_of(story, event);
  change.reverted_ns = time_of(event);
  change.ending = text_at(event, "ending");
  change.detail = text_at(event, "detail");
}

void read_change_lost(Story& story, const Event& event) {
  change_of(story, event).lost = text_at(event, "message", "its holder died");
}

void read_edge(Story& story, const Event& event, bool was_seen) {
  story.edges.push_back({.fault = text_at(event, "fault"),
                         .strike = integer_at(event, "strike"),
                         .witness = text_at(event, "witness"),
                         .is_onset = text_at(event, "edge") != "off",
                         .was_seen = was_seen,
                         .has_end = bool_at(event, "has_end", true),
                         .victim_ended = bool_at(event, "victim_ended"),
                         .at = interval_of(event),
                         .detail = text_at(event, was_seen ? "detail" : "message"),
                         .recorded_ns = time_of(event)});
}

void read_witnessed(Story& story, const Event& event) {
  read_edge(story, event, true);
}

void read_unwitnessed(Story& story, const Event& event) {
  read_edge(story, event, false);
}

void read_dose(Story& story, const Event& event) {
  story.doses.push_back({text_at(event, "fault"), text_at(event, "witness"), text_at(event, "unit"),
                         integer_at(event, "looks"), integer_at(event, "on_looks"),
                         number_at(event, "mean"), number_at(event, "min"), number_at(event, "max"),
                         bool_at(event, "steady")});
}

void read_revert_commanded(Story& story, const Event& event) {
  story.ends.push_back({text_at(event, "fault"), time_of(event)});
}

void read_gate(Story& story, const Event& event) {
  story.gates.push_back({text_at(event, "gate"), text_at(event, "check"), bool_at(event, "met"),
                         nanoseconds(time_at(event, "within_ns")), interval_of(event),
                         text_at(event, "why"), bool_at(event, "proves_nothing"),
                         bool_at(event, "needless")});
}

void read_stop(Story& story, const Event& event) {
  story.stops.push_back({text_at(event, "reason"), text_at(event, "text"), time_of(event)});
}

void read_fingerprint(Story& story, const Event& event) {
  Fingerprint print{text_at(event, "moment"), text_at(event, "digest"), {}};
  if (const json::array* differences = array_at(event, "differences")) {
    for (const json::value& one : *differences) {
      if (one.is_string()) print.differences.emplace_back(one.get_string());
    }
  }
  story.fingerprints.push_back(std::move(print));
}

void read_disturbed(Story& story, const Event& event) {
  story.disturbances.push_back({time_of(event), text_at(event, "message")});
}

void read_note(Story& story, const Event& event) {
  story.notes.push_back({time_of(event), text_at(event, "message")});
}

void read_ended(Story& story, const Event&) {
  story.has_ended = true;
}

struct Reader {
  std::string_view event;
  void (*read)(Story&, const Event&);
};
constexpr std::array<Reader, 20> readers = {{
    {"sample", read_sample},
    {"gauge", read_gauge},
    {"run_started", read_started},
    {"phase", read_phase},
    {"need", read_need},
    {"fault_commanded", read_fault_commanded},
    {"change_applied", read_change_applied},
    {"change_refused", read_change_refused},
    {"witnessed", read_witnessed},
    {"unwitnessed", read_unwitnessed},
    {"dose", read_dose},
    {"revert_commanded", read_revert_commanded},
    {"change_reverted", read_change_reverted},
    {"change_lost", read_change_lost},
    {"gate", read_gate},
    {"stop", read_stop},
    {"fingerprint", read_fingerprint},
    {"disturbed", read_disturbed},
    {"note", read_note},
    {"run_ended", read_ended},
}};

template <class Items, class Matches>
auto first_or_null(const Items& items, Matches matches) -> decltype(items.data()) {
  const auto found = std::find_if(items.begin(), items.end(), matches);
  return found == items.end() ? nullptr : &*found;
}

}  // namespace

const Phase* Story::find_phase(std::string_view name) const {
  return first_or_null(phases, [&](const Phase& phase) { return phase.name == name; });
}

const Fingerprint* Story::find_fingerprint(std::string_view moment) const {
  return first_or_null(fingerprints, [&](const Fingerprint& one) { return one.moment == moment; });
}

const scenario::PlannedFault* Story::find_fault(std::string_view id) const {
  return first_or_null(plan.faults,
                       [&](const scenario::PlannedFault& fault) { return fault.id == id; });
}

Story read_story(const std::vector<Event>& timeline) {
  Story story;
  for (const Event& event : timeline) {
    const std::string name = text_at(event, "event");
    const auto reader = std::find_if(readers.begin(), readers.end(),
                                     [&](const Reader& one) { return one.event == name; });
    if (reader != readers.end()) reader->read(story, event);
    story.last_ns = std::max(story.last_ns, time_of(event));
  }
  for (WatchedCheck& check : story.checks) {
    std::stable_sort(check.samples.begin(), check.samples.end(),
                     [](const Sample& a, const Sample& b) { return a.planned_ns < b.planned_ns; });
  }
  return story;
}

}  // namespace squall::engine
