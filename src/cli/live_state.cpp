#include "cli/live_state.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "engine/words.h"

namespace squall::cli {
namespace {

constexpr std::int64_t remembered_ns = 70'000'000'000;  // a little more than any window shows
constexpr std::size_t most_messages = 4;
constexpr std::size_t most_spans = 256;

// What targets and hosts say is shown in a terminal, so it is made harmless here, once.
std::string shown(const engine::Event& event, std::string_view key) {
  return printable(text_at(event, key));
}

std::int64_t time_of(const engine::Event& event) {
  return integer_at(event, "t_ns");
}

// Change ids may be numbers or texts.
std::string id_at(const engine::Event& event, std::string_view key) {
  const json::value* value = event.if_contains(key);
  if (value == nullptr) return {};
  return value->is_string() ? std::string(value->get_string()) : canonical_json(*value);
}

void remember(std::deque<Point>& points, Point point) {
  points.push_back(point);
  while (!points.empty() && points.front().at_ns < point.at_ns - remembered_ns) points.pop_front();
}

LiveFault live_fault(const scenario::PlannedFault& plan, const fault::Catalogue& catalogue) {
  LiveFault live{.plan = plan, .last_strike_ns = plan.at.nanoseconds};
  const fault::Kind* kind = fault::find(catalogue, plan.kind);
  if (kind == nullptr || !kind->repeat) return live;
  if (const Result<fault::Repeat> repeat = kind->repeat(plan.params)) {
    live.strikes_planned = std::max<std::int64_t>(repeat->times, 1);
    live.last_strike_ns += repeat->every.nanoseconds * (live.strikes_planned - 1);
  }
  return live;
}

}  // namespace

struct LiveState::Reader {
  std::string_view event;
  void (LiveState::*read)(const engine::Event&);
};

const LiveState::Reader LiveState::readers[] = {
    {"sample", &LiveState::read_sample},
    {"gauge", &LiveState::read_gauge},
    {"run_started", &LiveState::read_started},
    {"phase", &LiveState::read_phase},
    {"need", &LiveState::read_need},
    {"fault_commanded", &LiveState::read_commanded},
    {"change_applied", &LiveState::read_applied},
    {"change_refused", &LiveState::read_refused},
    {"change_reverted", &LiveState::read_reverted},
    {"change_lost", &LiveState::read_remark},
    {"witnessed", &LiveState::read_witnessed},
    {"unwitnessed", &LiveState::read_unwitnessed},
    {"gate", &LiveState::read_gate},
    {"stop", &LiveState::read_stop},
    {"disturbed", &LiveState::read_remark},
    {"note", &LiveState::read_remark},
    {"run_ended", &LiveState::read_ended},
};

void LiveState::read(const engine::Event& event) {
  const std::string name = text_at(event, "event");
  for (const Reader& reader : readers) {
    if (reader.event == name) return (this->*reader.read)(event);
  }
}

LiveFault* LiveState::fault_of(const engine::Event& event) {
  const std::string id = text_at(event, "fault");
  const auto found = std::find_if(faults_.begin(), faults_.end(),
                                  [&](const LiveFault& one) { return one.plan.id == id; });
  return found == faults_.end() ? nullptr : &*found;
}

LiveCheck* LiveState::check_of(const engine::Event& event) {
  const std::string name = text_at(event, "check");
  const auto found = std::find_if(checks_.begin(), checks_.end(),
                                  [&](const LiveCheck& one) { return one.plan.name == name; });
  return found == checks_.end() ? nullptr : &*found;
}

void LiveState::remark(std::int64_t at_ns, std::string text) {
  say(at_ns, std::move(text), Colour::warning);
}

void LiveState::say(std::int64_t at_ns, std::string text, Colour colour) {
  messages_.push_back({at_ns, std::move(text), colour});
  if (messages_.size() > most_messages) messages_.erase(messages_.begin());
}

void LiveState::read_started(const engine::Event& event) {
  const json::object* object = object_at(event, "plan");
  if (object == nullptr) return;
  Result<scenario::Plan> plan = scenario::plan_from_json(*object);
  if (!plan.ok()) return;
  plan_ = std::move(plan).value();
  for (const scenario::PlannedFault& fault : plan_.faults) {
    faults_.push_back(live_fault(fault, catalogue_));
  }
  for (const scenario::PlannedCheck& check : plan_.checks) checks_.push_back({.plan = check});
}

void LiveState::read_phase(const engine::Event& event) {
  phase_ = shown(event, "phase");
  if (phase_ == "baseline") baseline_ns_ = time_of(event);
  if (phase_ == "fault") fault_phase_ns_ = time_of(event);
}

void LiveState::read_sample(const engine::Event& event) {
  LiveCheck* check = check_of(event);
  if (check == nullptr || bool_at(event, "tainted")) return;
  const bool is_good = bool_at(event, "good");
  const bool is_broken = (check->plan.demand == scenario::Demand::never) == is_good;
  const std::int64_t planned_ns = integer_at(event, "planned_ns");
  const double latency_ms = static_cast<double>(integer_at(event, "done_ns") - planned_ns -
                                                integer_at(event, "late_ns")) /
                            1e6;
  const Point::Kind broken_kind = check->is_gate() ? Point::Kind::waiting : Point::Kind::bad;
  remember(check->points, {planned_ns, latency_ms, is_broken ? broken_kind : Point::Kind::good});
  ++check->samples;
  const std::string problem = shown(event, "problem");
  const std::string why = is_good           ? "it holds, and must not"
                          : problem.empty() ? shown(event, "why")
                                            : problem;
  if (planned_ns > check->last_ns) {
    check->last_ns = planned_ns;
    check->is_broken = is_broken;
    check->latency_ms = latency_ms;
    check->why = why;
  }
  if (!is_broken || check->is_gate()) return;
  ++check->broken;
  const bool is_harm = check->plan.demand == scenario::Demand::steady && first_commanded_ns_ &&
                       planned_ns >= *first_commanded_ns_;
  if (!is_harm || first_harm_) return;
  first_harm_ =
      Message{planned_ns, fmt::format("first harm: {}: {}", check->plan.name, why), Colour::bad};
  say(time_of(event), first_harm_->text, Colour::bad);
}

void LiveState::read_gauge(const engine::Event& event) {
  remember(cpu_, {time_of(event), number_at(event, "cpu"), Point::Kind::good});
  memory_bytes_ = number_at(event, "memory_bytes");
}

void LiveState::read_commanded(const engine::Event& event) {
  if (!first_commanded_ns_) first_commanded_ns_ = time_of(event);
  LiveFault* fault = fault_of(event);
  if (fault == nullptr) return;
  fault->state = LiveFault::State::commanded;
  fault->target = shown(event, "target");
  ++fault->strikes;
  fault->spans.push_back({.from_ns = time_of(event)});
  if (fault->spans.size() > most_spans) fault->spans.pop_front();
}

void LiveState::read_applied(const engine::Event& event) {
  LiveFault* fault = fault_of(event);
  if (fault == nullptr || text_at(event, "keeping") == "irreversible") return;
  fault->changes.push_back(id_at(event, "change"));
}

void LiveState::read_witnessed(const engine::Event& event) {
  LiveFault* fault = fault_of(event);
  if (fault == nullptr || fault->spans.empty()) return;
  if (text_at(event, "edge") == "off") return;
  fault->spans.back().is_witnessed = true;
  if (!fault->is_spell()) fault->spans.back().to_ns = fault->spans.back().from_ns;
  if (fault->state == LiveFault::State::commanded) {
    fault->state = fault->is_spell() ? LiveFault::State::in_force : LiveFault::State::over;
  }
}

void LiveState::read_unwitnessed(const engine::Event& event) {
  LiveFault* fault = fault_of(event);
  const bool is_onset = text_at(event, "edge") != "off";
  say(time_of(event),
      fmt::format("{}: the witness {} did not see it {}", shown(event, "fault"),
                  shown(event, "witness"), is_onset ? "begin" : "end"),
      Colour::bad);
  if (fault == nullptr || !is_onset) return;
  fault->state = LiveFault::State::unseen;
  fault->problem = shown(event, "message");
}

void LiveState::read_reverted(const engine::Event& event) {
  const std::string id = id_at(event, "change");
  LiveFault* fault = fault_of(event);
  if (fault == nullptr) return;
  std::erase(fault->changes, id);
  if (text_at(event, "ending") == "foreign") {
    say(time_of(event),
        fmt::format("{}: somebody else changed it meanwhile, so it was left: {}",
                    shown(event, "fault"), shown(event, "detail")),
        Colour::bad);
  }
  if (!fault->changes.empty() || fault->spans.empty() || fault->spans.back().to_ns) return;
  fault->spans.back().to_ns = time_of(event);
  const bool was_in_force =
      fault->state == LiveFault::State::in_force || fault->state == LiveFault::State::commanded;
  if (was_in_force) fault->state = LiveFault::State::over;
}

void LiveState::read_refused(const engine::Event& event) {
  const std::string text = shown(event, "message");
  say(time_of(event), fmt::format("refused: {}", text), Colour::bad);
  if (LiveFault* fault = fault_of(event)) {
    fault->state = LiveFault::State::refused;
    fault->problem = text;
  }
}

void LiveState::read_need(const engine::Event& event) {
  if (bool_at(event, "met")) return;
  say(time_of(event),
      fmt::format("{} needs {}: {}", shown(event, "fault"), shown(event, "what"),
                  shown(event, "reason")),
      Colour::bad);
}

void LiveState::read_gate(const engine::Event& event) {
  LiveCheck* check = check_of(event);
  if (check == nullptr) return;
  const bool is_met = bool_at(event, "met");
  check->gate = is_met ? LiveCheck::Gate::met : LiveCheck::Gate::missed;
  const engine::Interval at{integer_at(event, "after_ns"), integer_at(event, "by_ns")};
  const std::int64_t origin_ns = first_commanded_ns_.value_or(0);
  check->gate_text = is_met ? fmt::format("met after {}", engine::say_interval_since(at, origin_ns))
                            : fmt::format("{}: {}",
                                          engine::say_unmet(bool_at(event, "proves_nothing"),
                                                            bool_at(event, "needless")),
                                          shown(event, "why"));
}

void LiveState::read_stop(const engine::Event& event) {
  is_stopping_ = true;
  say(time_of(event), fmt::format("stopped: {}", shown(event, "text")), Colour::warning);
}

void LiveState::read_remark(const engine::Event& event) {
  say(time_of(event), shown(event, "message"), Colour::warning);
}

void LiveState::read_ended(const engine::Event&) {
  has_ended_ = true;
}

std::int64_t LiveState::zero_ns() const {
  return fault_phase_ns_.value_or(baseline_ns_ + plan_.baseline.nanoseconds);
}

std::int64_t LiveState::latest_end_ns() const {
  std::int64_t faults_end = 0;
  for (const LiveFault& fault : faults_) {
    faults_end = std::max({faults_end, fault.last_strike_ns,
                           fault.plan.at.nanoseconds + fault.plan.lasts.nanoseconds});
  }
  std::int64_t end = faults_end + plan_.recover_within.nanoseconds;
  for (const LiveCheck& check : checks_) {
    if (!check.is_gate() || check.gate != LiveCheck::Gate::open) continue;
    end = std::max(end, check.plan.within.nanoseconds + check.plan.timeout.nanoseconds);
  }
  return zero_ns() + end;
}

}  // namespace squall::cli
