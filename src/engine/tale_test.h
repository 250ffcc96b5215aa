// A tale is a hand-made timeline: what tests of the verdict and of reports judge and tell. By
// itself it is a run that went well; a test spoils it in one place and looks what is made of that.
#pragma once

#include <algorithm>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/text.h"
#include "engine/timeline.h"
#include "scenario/plan.h"

namespace squall::engine {

inline constexpr std::int64_t ms = 1'000'000;

struct Tale {
  struct Options {
    bool is_spell = false;  // process.pause, told to end; otherwise process.kill
    Duration every = milliseconds(50);
    std::int64_t strikes_at_ms = 2000;  // the end of the baseline
    std::int64_t ends_at_ms = 4000;     // spells only
    std::int64_t watched_until_ms = 6000;
    std::int64_t broken_from_ms = 2000;   // samples planned in [from, until) are bad
    std::int64_t broken_until_ms = 2000;  // none by default
    Duration recover_within = milliseconds(1500);
    scenario::Demand demand = scenario::Demand::steady;
  };

  scenario::Plan plan;
  std::vector<Event> events;

  void add(std::int64_t at_ns, std::string_view name, json::object members) {
    members["t_ns"] = at_ns;
    members["event"] = name;
    const auto later = std::upper_bound(
        events.begin(), events.end(), at_ns,
        [](std::int64_t at, const Event& event) { return at < integer_at(event, "t_ns"); });
    events.insert(later, std::move(members));
  }
  void drop(const std::function<bool(const Event&)>& is_unwanted) {
    std::erase_if(events, is_unwanted);
  }
  void drop(std::string_view name) {
    drop([name](const Event& event) { return text_at(event, "event") == name; });
  }
  void edit(std::string_view name, const std::function<void(Event&)>& change) {
    for (Event& event : events) {
      if (text_at(event, "event") == name) change(event);
    }
  }
  // Writes the plan, as it is now, into run_started.
  void settle_plan() {
    edit("run_started", [this](Event& event) { event["plan"] = scenario::to_json(plan); });
  }

  static Tale of(const Options& options);
};

inline json::object sample(std::string_view check, std::int64_t planned_ns, bool good,
                           std::int64_t took_ns = 2 * ms) {
  return {{"check", check},
          {"planned_ns", planned_ns},
          {"sent_ns", planned_ns},
          {"done_ns", planned_ns + took_ns},
          {"good", good},
          {"why", good ? "" : "the target was not reached"},
          {"problem", good ? "" : "connection refused"},
          {"values", json::object{{"latency", "2 ms"}}},
          {"tainted", false}};
}

inline scenario::Plan tale_plan(const Tale::Options& options) {
  scenario::Plan plan;
  plan.name = "redis-kill";
  plan.title = "Redis is killed and comes back by itself";
  plan.hypothesis = "The supervisor starts a new process within a second.";
  plan.seed = 7;
  plan.accept_irreversible = "the supervisor starts a new process";
  plan.baseline = milliseconds(options.strikes_at_ms);
  plan.recover_within = options.recover_within;
  plan.checks.push_back({.name = "ping",
                         .probe = "tcp",
                         .params = {{"address", "127.0.0.1:6379"}},
                         .every = options.every,
                         .timeout = milliseconds(100),
                         .demand = options.demand});
  plan.faults.push_back({.id = options.is_spell ? "process.pause" : "process.kill",
                         .kind = options.is_spell ? "process.pause" : "process.kill",
                         .params = {{"signal", "SIGKILL"}},
                         .lasts = options.is_spell
                                      ? milliseconds(options.ends_at_ms - options.strikes_at_ms)
                                      : Duration{}});
  return plan;
}

// What the guardian and the witness had to say.
inline void add_fault(Tale& tale, const Tale::Options& options) {
  const std::string fault = tale.plan.faults.front().id;
  const std::string witness = options.is_spell ? "process.stopped" : "process.ended";
  const std::int64_t on = options.strikes_at_ms * ms;
  const std::int64_t off = options.ends_at_ms * ms;
  tale.add(
      on, "fault_commanded",
      {{"fault", fault}, {"kind", fault}, {"strike", 0}, {"target", "redis-server (pid 4711)"}});
  tale.add(on + 600'000, "change_applied",
           {{"fault", fault},
            {"change", 1},
            {"kind", options.is_spell ? "signal.stop" : "process.kill"},
            {"describe", options.is_spell ? "stops pid 4711" : "kills pid 4711"},
            {"undo", options.is_spell ? "continues pid 4711" : "cannot be undone"},
            {"keeping", options.is_spell ? "journaled" : "irreversible"},
            {"commanded_ns", on}});
  tale.add(on + 1'300'000, "witnessed",
           {{"fault", fault},
            {"strike", 0},
            {"witness", witness},
            {"edge", "on"},
            {"after_ns", on + 800'000},
            {"by_ns", on + 1'300'000},
            {"detail", "pid 4711 is no more"}});
  if (!options.is_spell) return;
  tale.add(off, "revert_commanded", {{"fault", fault}});
  tale.add(off + 700'000, "change_reverted",
           {{"fault", fault}, {"change", 1}, {"ending", "restored"}, {"detail", ""}});
  tale.add(off + 1'000'000, "witnessed",
           {{"fault", fault},
            {"strike", 0},
            {"witness", witness},
            {"edge", "off"},
            {"after_ns", off + 500'000},
            {"by_ns", off + 1'000'000},
            {"detail", "pid 4711 runs"}});
}

inline Tale Tale::of(const Options& options) {
  Tale tale;
  tale.plan = tale_plan(options);
  const std::int64_t end = options.watched_until_ms * ms;
  tale.add(0, "run_started",
           {{"run", "20260301-120000-redis-kill"},
            {"scenario", tale.plan.name},
            {"title", tale.plan.title},
            {"hypothesis", tale.plan.hypothesis},
            {"wall", "2026-03-01T12:00:00.000Z"},
            {"plan_hash", scenario::hash(tale.plan)},
            {"seed", std::to_string(tale.plan.seed)},
            {"time_scale", 1},
            {"version", "0.1.0"},
            {"host", json::object{{"name", "db1"}, {"kernel", "6.18.44"}, {"cores", 2}}},
            {"plan", scenario::to_json(tale.plan)}});
  tale.add(1, "phase", {{"phase", "gates"}});
  tale.add(2, "need",
           {{"fault", tale.plan.faults.front().id},
            {"what", "leave to signal other processes"},
            {"met", true},
            {"reason", ""}});
  tale.add(3, "fingerprint",
           {{"moment", "before"}, {"digest", "aa11"}, {"differences", json::array{}}});
  tale.add(4, "phase", {{"phase", "baseline"}});
  tale.add(options.strikes_at_ms * ms - 1, "phase", {{"phase", "fault"}});
  add_fault(tale, options);
  const std::int64_t recovery = options.is_spell ? options.ends_at_ms : options.strikes_at_ms + 5;
  tale.add(recovery * ms + 2 * ms, "phase", {{"phase", "recovery"}});
  tale.add(end, "phase", {{"phase", "restore"}});
  tale.add(end + 1 * ms, "fingerprint",
           {{"moment", "after"}, {"digest", "aa11"}, {"differences", json::array{}}});
  tale.add(end + 2 * ms, "phase", {{"phase", "verdict"}});
  for (std::int64_t at = 0; at < end; at += options.every.nanoseconds) {
    const bool is_bad = at >= options.broken_from_ms * ms && at < options.broken_until_ms * ms;
    tale.add(at + 2 * ms, "sample", sample("ping", at, !is_bad));
  }
  return tale;
}

}  // namespace squall::engine
