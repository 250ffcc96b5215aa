// The faults of a run, by the clock: each strikes at its instant and is told to end at its own.
//
// Witnesses may take seconds to open, and open in threads of their own. Those of the first strikes
// do so before the clock begins, so that these are made in time; a later strike waits for its own,
// while everything else goes on: other faults end, stop conditions and operators are heard. A fault
// that struck late is in force for as long as it was to be, and ends that much later.
#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "engine/run.h"

namespace squall::engine {
namespace {

constexpr Duration opening_pause = milliseconds(1);  // how often witnesses are asked
constexpr Duration noted_lateness = milliseconds(100);

template <class Actions>
void put_in_order(Actions& actions) {
  std::stable_sort(actions.begin(), actions.end(), [](const auto& a, const auto& b) {
    return std::pair(a.at_ns, a.kind) < std::pair(b.at_ns, b.kind);
  });
}

}  // namespace

std::vector<Run::Action> Run::plan_actions() const {
  std::vector<Action> actions;
  for (std::size_t i = 0; i < plan_.faults.size(); ++i) {
    const scenario::PlannedFault& fault = plan_.faults[i];
    const fault::Kind* kind = fault::find(*environment_.faults, fault.kind);
    fault::Repeat repeat;
    if (kind->repeat) {
      if (const Result<fault::Repeat> asked = kind->repeat(fault.params)) repeat = *asked;
    }
    for (std::int64_t n = 0; n < repeat.times; ++n) {
      actions.push_back({Action::Kind::strike, fault.at.nanoseconds + repeat.every.nanoseconds * n,
                         i, static_cast<std::uint64_t>(n)});
    }
    if (kind->lasting == fault::Lasting::spell) {
      actions.push_back({Action::Kind::end, fault.at.nanoseconds + fault.lasts.nanoseconds, i, 0});
    }
  }
  put_in_order(actions);
  return actions;
}

// Everything that can be refused before the first strike is refused before it.
bool Run::open_first_witnesses() {
  std::vector<Action> first = plan_actions();
  if (first.empty()) return true;
  std::erase_if(first, [&, at_ns = first.front().at_ns](const Action& action) {
    return action.kind != Action::Kind::strike || action.at_ns > at_ns;
  });
  const auto refused = [this] {
    interrupt({"", ""});  // the refusal itself is on record and is the reason
    return false;
  };
  for (const Action& action : first) {
    if (!injector_.prepare(plan_.faults[action.fault], action.ordinal)) return refused();
  }
  for (const Action& action : first) {
    const scenario::PlannedFault& fault = plan_.faults[action.fault];
    while (!injector_.is_ready(fault, action.ordinal)) {
      if (!wait_until(timeline_.now_ns() + opening_pause.nanoseconds)) return false;
    }
    if (!injector_.collect(fault, action.ordinal)) return refused();
  }
  return true;
}

void Run::inject() {
  for (std::size_t i = 0; i < prober_.size(); ++i) prober_.begin(i);
  watches_stops_ = true;
  zero_ns_ = timeline_.now_ns();
  std::vector<Action> ahead = plan_actions();
  std::vector<Action> opening;
  while (!ahead.empty() || !opening.empty()) {
    std::int64_t next_ns = timeline_.now_ns() + opening_pause.nanoseconds;
    if (opening.empty()) next_ns = zero_ns_ + ahead.front().at_ns;
    if (!wait_until(next_ns)) return;
    if (!ahead.empty() && zero_ns_ + ahead.front().at_ns <= timeline_.now_ns()) {
      const Action action = ahead.front();
      ahead.erase(ahead.begin());
      const scenario::PlannedFault& fault = plan_.faults[action.fault];
      if (action.kind == Action::Kind::end) {
        note_lateness(action);
        injector_.end(fault);
      } else if (injector_.is_prepared(fault, action.ordinal) ||
                 injector_.prepare(fault, action.ordinal)) {
        opening.push_back(action);
      } else {
        return interrupt({"", ""});  // the refusal itself is on record and is the reason
      }
    }
    if (!strike_what_is_ready(opening, ahead)) return interrupt({"", ""});
  }
  watches_stops_ = false;
}

// What was planned for after the end of the fault stays after it.
void Run::postpone_end(std::vector<Action>& ahead, std::size_t fault, std::int64_t at_ns) {
  const auto end = std::find_if(ahead.begin(), ahead.end(), [&](const Action& action) {
    return action.kind == Action::Kind::end && action.fault == fault;
  });
  if (end == ahead.end() || at_ns <= end->at_ns) return;
  const std::int64_t before_ns = std::exchange(end->at_ns, at_ns);
  for (std::size_t i = 0; i < ahead.size(); ++i) {
    const Action next = ahead[i];
    const bool would_overlap = next.kind == Action::Kind::strike && next.ordinal == 0 &&
                               next.at_ns >= before_ns && next.at_ns < at_ns;
    if (!would_overlap) continue;
    const std::int64_t late_ns = at_ns - next.at_ns;
    std::int64_t end_ns = 0;
    for (Action& other : ahead) {
      if (other.fault != next.fault) continue;
      if (other.kind == Action::Kind::strike) other.at_ns += late_ns;
      if (other.kind == Action::Kind::end) end_ns = other.at_ns + late_ns;
    }
    postpone_end(ahead, next.fault, end_ns);
  }
}

// The end of a fault comes after its strike, whatever it waits for.
bool Run::strike_what_is_ready(std::vector<Action>& opening, std::vector<Action>& ahead) {
  for (auto action = opening.begin(); action != opening.end();) {
    const scenario::PlannedFault& fault = plan_.faults[action->fault];
    const bool is_ready = injector_.is_ready(fault, action->ordinal);
    if (is_ready) note_lateness(*action);
    const std::int64_t now_ns = timeline_.now_ns() - zero_ns_;
    if (is_ready && !injector_.strike(fault, action->ordinal)) return false;
    const bool is_late = now_ns > action->at_ns + noted_lateness.nanoseconds || !is_ready;
    if (is_late && action->ordinal == 0)
      postpone_end(ahead, action->fault, now_ns + fault.lasts.nanoseconds);
    action = is_ready ? opening.erase(action) : action + 1;
  }
  put_in_order(ahead);
  return true;
}

void Run::note_lateness(const Action& action) const {
  const std::int64_t late_ns = timeline_.now_ns() - zero_ns_ - action.at_ns;
  if (late_ns < noted_lateness.nanoseconds) return;
  const std::string& fault = plan_.faults[action.fault].id;
  const std::string late = render_rounded(Duration{late_ns});
  timeline_.add(
      "note",
      {{"message",
        action.kind == Action::Kind::end
            ? fmt::format("{} was told to end {} late: it was in force for longer than asked, as "
                          "the guardian makes and undoes one change at a time",
                          fault, late)
            : fmt::format("{} strikes {} late: its witness, or another change, took that long",
                          fault, late)}});
}

}  // namespace squall::engine
