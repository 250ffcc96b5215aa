#include "engine/injector.h"

#include <algorithm>
#include <chrono>

#include <fmt/core.h>

#include "core/text.h"
#include "engine/facts.h"
#include "sys/clock.h"

namespace squall::engine {
namespace {

constexpr Duration onset_limit = seconds(5);
constexpr Duration end_limit = seconds(5);

}  // namespace

void Injector::refuse(const std::string& fault, const std::string& kind, const Error& problem) {
  timeline_.add("change_refused", {{"fault", fault},
                                   {"kind", kind},
                                   {"code", code_name(problem.code)},
                                   {"message", problem.render()},
                                   {"next", problem.next}});
}

bool Injector::prepare(const scenario::PlannedFault& fault, std::uint64_t ordinal) {
  Prepared prepared{.kind = fault::find(*environment_.faults, fault.kind)};
  CHECK(prepared.kind != nullptr, "the plan was checked against the catalogue");
  Result<fault::Strike> planned = plan_strike(*prepared.kind, fault, host_, plan_.seed, ordinal);
  if (!planned.ok()) {
    refuse(fault.id, fault.kind, planned.error());
    return false;
  }
  prepared.plan = std::move(*planned);
  const bool is_spell = prepared.kind->lasting == fault::Lasting::spell;
  if (prepared.plan.changes.empty()) prepared.plan.watches.clear();
  for (const fault::Watch& watch : prepared.plan.watches) {
    const Watcher::Subject subject{fault.id, ordinal, is_spell};
    prepared.opening.push_back(std::async(std::launch::async, [this, watch, subject] {
      return Watcher::open(timeline_, watch, *environment_.witnesses, subject);
    }));
  }
  prepared_.insert_or_assign({fault.id, ordinal}, std::move(prepared));
  return true;
}

bool Injector::is_ready(const scenario::PlannedFault& fault, std::uint64_t ordinal) const {
  const auto& opening = prepared_.at({fault.id, ordinal}).opening;
  return std::all_of(opening.begin(), opening.end(), [](const auto& one) {
    return one.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
  });
}

bool Injector::collect(const scenario::PlannedFault& fault, std::uint64_t ordinal) {
  Prepared& prepared = prepared_.at({fault.id, ordinal});
  auto opening = std::exchange(prepared.opening, {});
  for (std::size_t i = 0; i < opening.size(); ++i) {
    Result<std::unique_ptr<Watcher>> watcher = opening[i].get();
    if (!watcher.ok()) {
      refuse(fault.id, prepared.plan.watches[i].witness, watcher.error());
      return false;
    }
    prepared.watchers.push_back(std::move(*watcher));
  }
  return true;
}

bool Injector::can_strike(const scenario::PlannedFault& fault) {
  const fault::Kind* kind = fault::find(*environment_.faults, fault.kind);
  CHECK(kind != nullptr, "the plan was checked against the catalogue");
  const Result<fault::Strike> planned = plan_strike(*kind, fault, host_, plan_.seed, 0);
  if (planned.ok() || planned.error().code != Code::unsupported) return true;
  refuse(fault.id, fault.kind, planned.error());
  return false;
}

// A strike is planned before its witnesses open, and victims may die meanwhile.
bool Injector::has_lost_victim(const scenario::PlannedFault& fault, const fault::Strike& strike) {
  for (const change::Request& request : strike.changes) {
    const sys::ProcessId id{integer_at(request.params, "pid"),
                            static_cast<std::uint64_t>(integer_at(request.params, "start_ticks"))};
    if (id.pid <= 0 || id.start_ticks == 0 || sys::is_alive(id)) continue;
    refuse(fault.id, request.kind,
           error(Code::not_found, fmt::format("process {} ended before it was struck", id.pid),
                 "look why it ended, or choose another target"));
    return true;
  }
  return false;
}

bool Injector::strike(const scenario::PlannedFault& fault, std::uint64_t ordinal) {
  if (!collect(fault, ordinal)) return false;
  Prepared prepared = std::move(prepared_.extract({fault.id, ordinal}).mapped());
  if (prepared.plan.changes.empty()) {
    timeline_.add(
        "note", {{"message", fmt::format("{} struck nobody at strike {}", fault.id, ordinal + 1)}});
    return true;
  }
  if (has_lost_victim(fault, prepared.plan)) return false;
  timeline_.add("fault_commanded", {{"fault", fault.id},
                                    {"kind", fault.kind},
                                    {"strike", static_cast<std::int64_t>(ordinal)},
                                    {"target", prepared.plan.target}});
  // After the event, so that nothing is told to lie before it.
  if (!first_commanded_ns_) first_commanded_ns_ = timeline_.now_ns();
  const bool has_end = prepared.kind->lasting == fault::Lasting::spell;
  for (std::size_t i = 0; i < prepared.watchers.size(); ++i) {
    const Duration limit = std::max(onset_limit, prepared.plan.watches[i].within);
    prepared.watchers[i]->expect_on(has_end ? std::min(limit, fault.lasts) : limit);
    watched_.push_back({fault.id, std::move(prepared.watchers[i])});
  }
  for (const change::Request& request : prepared.plan.changes) {
    if (!apply(fault, request)) return false;
  }
  if (!has_end) last_end_ns_ = timeline_.now_ns();
  return true;
}

bool Injector::apply(const scenario::PlannedFault& fault, const change::Request& request) {
  const std::string id = std::to_string(next_change_++);
  touched_.add(request);
  const Result<guardian::Session::Applied> applied = session_->apply(id, request);
  if (!applied.ok()) {
    refuse(fault.id, request.kind, applied.error());
    return false;
  }
  const bool is_reversible = applied->keeping != "irreversible";
  if (is_reversible) in_force_.push_back({id, fault.id, is_reversible});
  timeline_.add("change_applied", {{"fault", fault.id},
                                   {"change", id},
                                   {"kind", request.kind},
                                   {"describe", applied->describe},
                                   {"undo", applied->undo},
                                   {"keeping", applied->keeping},
                                   {"commanded_ns", timeline_.since_start_ns(applied->commanded)},
                                   {"applied_ns", timeline_.since_start_ns(applied->applied)}});
  return true;
}

void Injector::expect_off(const std::string& fault) {
  for (const Watched& watched : watched_) {
    if (fault.empty() || watched.fault == fault) watched.watcher->expect_off(end_limit);
  }
}

void Injector::record_reverted(const std::string& change, const std::string& ending,
                               const std::string& detail) {
  const auto found = std::find_if(in_force_.begin(), in_force_.end(),
                                  [&](const InForce& one) { return one.change == change; });
  if (found == in_force_.end()) return;
  timeline_.add(
      "change_reverted",
      {{"fault", found->fault}, {"change", change}, {"ending", ending}, {"detail", detail}});
  in_force_.erase(found);
}

void Injector::end(const scenario::PlannedFault& fault) {
  timeline_.add("revert_commanded", {{"fault", fault.id}});
  last_end_ns_ = timeline_.now_ns();
  expect_off(fault.id);
  const std::vector<InForce> snapshot = in_force_;
  for (auto one = snapshot.rbegin(); one != snapshot.rend(); ++one) {
    if (one->fault != fault.id) continue;
    const Result<guardian::Session::Reverted> reverted = session_->revert(one->change);
    // A failure stays in force on this record; the guardian goes on trying, and end_everything asks
    // again.
    if (reverted.ok()) record_reverted(one->change, reverted->ending, reverted->detail);
  }
}

bool Injector::end_everything() {
  if (session_ == nullptr) return false;
  for (const InForce& one : in_force_) {
    timeline_.add("revert_commanded", {{"fault", one.fault}});
  }
  if (!in_force_.empty()) last_end_ns_ = timeline_.now_ns();
  // A run that comes to its end by itself has waited until each fault was seen, or not in time.
  for (const Watched& watched : watched_) watched.watcher->excuse_onset();
  expect_off("");
  const Result<std::vector<guardian::Session::Reverted>> endings = session_->finish();
  if (!endings.ok()) return false;
  for (const guardian::Session::Reverted& reverted : *endings) {
    if (reverted.ending == "failed") {
      timeline_.add("note", {{"message", fmt::format("change {} could not be undone: {}",
                                                     reverted.change, reverted.detail)}});
      continue;
    }
    record_reverted(reverted.change, reverted.ending, reverted.detail);
  }
  return true;
}

void Injector::record_undone_by_successor(const std::vector<std::string>& still_live) {
  for (const InForce& one : std::vector<InForce>(in_force_)) {
    if (std::find(still_live.begin(), still_live.end(), one.change) != still_live.end()) continue;
    record_reverted(one.change, "restored", "undone by the guardian, not at this run's request");
  }
}

void Injector::record_lost(const std::string& change, const std::string& message) {
  const auto found = std::find_if(in_force_.begin(), in_force_.end(),
                                  [&](const InForce& one) { return one.change == change; });
  const std::string fault = found == in_force_.end() ? "" : found->fault;
  timeline_.add("change_lost", {{"fault", fault}, {"change", change}, {"message", message}});
  record_reverted(change, "restored", "the kernel took it away with its holder");
}

bool Injector::witnesses_are_settled() const {
  return std::all_of(watched_.begin(), watched_.end(),
                     [](const Watched& watched) { return watched.watcher->is_settled(); });
}

void Injector::await_ends() {
  expect_off("");
  const Duration deadline = sys::monotonic_now() + end_limit;
  while (!witnesses_are_settled() && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
}

void Injector::stop_witnesses() {
  for (Watched& watched : watched_) watched.watcher->stop();
}

std::optional<std::int64_t> Injector::first_witnessed_ns() const {
  std::optional<std::int64_t> first;
  for (const Watched& watched : watched_) {
    const std::optional<std::int64_t> seen = watched.watcher->on_by_ns();
    if (seen && (!first || *seen < *first)) first = seen;
  }
  return first;
}

}  // namespace squall::engine
