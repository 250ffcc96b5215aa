// More drills: those that ended early, one in which every text is an attack, and a long one.
#pragma once

#include <string>
#include <vector>

#include "report/drills_test.h"

namespace squall::report {

// The operator pressed Ctrl-C while Redis was paused.
inline Tale aborted_drill() {
  Tale tale = Tale::of({.is_spell = true, .broken_until_ms = 6000});
  tale.drop([](const engine::Event& event) {
    const std::int64_t at = integer_at(event, "t_ns");
    const std::string phase = text_at(event, "phase");
    return at > 2800 * ms && phase != "verdict" && text_at(event, "event") != "fingerprint";
  });
  tale.add(2800 * ms, "stop", {{"reason", "operator"}, {"text", "an operator asked for it"}});
  tale.add(2801 * ms, "phase", {{"phase", "restore"}});
  tale.add(2802 * ms, "revert_commanded", {{"fault", "process.pause"}});
  tale.add(2803 * ms, "change_reverted",
           {{"fault", "process.pause"}, {"change", 1}, {"ending", "restored"}, {"detail", ""}});
  return tale;
}

// This host lacks what the fault needs; nothing was touched.
// Nothing broke, so there was nothing to heal.
inline Tale needless_drill() {
  Tale tale = Tale::of({});
  scenario::PlannedCheck heal = tale.plan.checks.front();
  heal.name = "comes back";
  heal.demand = scenario::Demand::eventually;
  heal.gate = scenario::Gate::heal;
  heal.within = seconds(2);
  tale.plan.checks.push_back(heal);
  tale.settle_plan();
  tale.add(4000 * ms, "gate",
           {{"gate", "heal"},
            {"check", "comes back"},
            {"met", false},
            {"proves_nothing", false},
            {"needless", true},
            {"within_ns", 2000 * ms},
            {"after_ns", 2000 * ms},
            {"by_ns", 2000 * ms},
            {"why", ""}});
  return tale;
}

inline Tale unsupported_drill() {
  Tale tale = Tale::of({.is_spell = true});
  tale.drop([](const engine::Event& event) {
    return integer_at(event, "t_ns") > 2 && text_at(event, "phase") != "verdict";
  });
  tale.edit("need", [](engine::Event& event) {
    event["met"] = false;
    event["reason"] = "run it as root, or give it CAP_KILL";
  });
  return tale;
}

// Every text is an attack.
inline Tale hostile_drill() {
  const std::string attack = "</title><script>alert(1)</script>\"'`|*_[x](y)&lt;\x1b[2J\x07\n]]>";
  Tale tale = redis_drill();
  tale.plan.title = attack;
  tale.plan.hypothesis = attack;
  tale.plan.name = attack;
  tale.plan.checks[1].name = attack;
  tale.plan.faults[0].params = {{attack, attack}};
  tale.settle_plan();
  tale.edit("run_started", [&](engine::Event& event) {
    for (const char* key :
         {"run", "scenario", "title", "hypothesis", "wall", "plan_hash", "version"}) {
      event[key] = attack;
    }
    event["host"] = {{"name", attack}, {"kernel", attack}, {"cores", 2}};
  });
  tale.edit("fault_commanded", [&](engine::Event& event) { event["target"] = attack; });
  tale.edit("change_applied", [&](engine::Event& event) {
    for (const char* key : {"describe", "undo", "keeping", "kind"}) event[key] = attack;
  });
  tale.edit("witnessed", [&](engine::Event& event) { event["detail"] = attack; });
  tale.edit("dose", [&](engine::Event& event) { event["unit"] = attack; });
  tale.edit("note", [&](engine::Event& event) { event["message"] = attack; });
  tale.edit("phase", [&](engine::Event& event) {
    if (text_at(event, "phase") == "recovery") event["phase"] = attack;
  });
  tale.edit("gate", [&](engine::Event& event) { event["gate"] = attack; });
  tale.edit("sample", [&](engine::Event& event) {
    event["why"] = attack;
    if (text_at(event, "check") == "front page") event["check"] = attack;
  });
  tale.edit("fingerprint", [&](engine::Event& event) { event["differences"] = {attack}; });
  return tale;
}

// Ten thousand samples at 1 kHz.
inline Tale long_drill() {
  Tale tale = Tale::of({.every = milliseconds(1), .watched_until_ms = 10'000});
  tale.drop("sample");
  std::vector<engine::Event> samples;
  for (std::int64_t at = 1; at < 10'000; ++at) {
    json::object event = engine::sample("ping", at * ms, at < 2000 || at > 2300,
                                        wander("ping", at, 0.4 + (at % 7 == 0 ? 3 : 0)));
    event["t_ns"] = at * ms;
    event["event"] = "sample";
    samples.push_back(std::move(event));
  }
  tale.events.insert(tale.events.end() - 3, samples.begin(), samples.end());
  return tale;
}

}  // namespace squall::report
