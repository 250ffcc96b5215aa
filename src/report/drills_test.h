// Hand-made drills that look like real ones: what the tests of the reports tell, and what a person
// looks at to judge how a page reads. Latencies wander by counter-based choices, so that each run
// of the tests sees the same bytes.
#pragma once

#include <cmath>
#include <string>

#include "core/choices.h"
#include "engine/tale_test.h"

namespace squall::report {

using engine::ms;
using engine::Tale;

// A latency around `typical`, with a long tail.
inline std::int64_t wander(const std::string& check, std::int64_t at_ns, double typical_ms) {
  const double unit = Choices(7, check).unit("", "latency", static_cast<std::uint64_t>(at_ns));
  return static_cast<std::int64_t>(typical_ms * (0.7 + 0.25 / (1.02 - unit)) * 1e6);
}

struct Outage {
  std::int64_t from_ms = 0;
  std::int64_t until_ms = 0;
};

inline void add_samples(Tale& tale, const std::string& check, Outage outage, double typical_ms,
                        std::int64_t every_ms, std::int64_t until_ms) {
  for (std::int64_t at = every_ms; at < until_ms; at += every_ms) {
    const bool is_good = at < outage.from_ms || at >= outage.until_ms;
    const double typical = is_good ? typical_ms : typical_ms / 3;
    json::object event = engine::sample(check, at * ms, is_good, wander(check, at, typical));
    event["tainted"] = at % 977 < every_ms;
    tale.add(at * ms + 1, "sample", std::move(event));
  }
}

inline void add_gauges(Tale& tale, std::int64_t until_ms) {
  for (std::int64_t at = 0; at < until_ms; at += 100) {
    const double unit = Choices(7, "gauge").unit("", "cpu", static_cast<std::uint64_t>(at));
    const bool is_busy = at >= 2000 && at < 2700;
    tale.add(at * ms + 7, "gauge",
             {{"cpu", (is_busy ? 0.45 : 0.08) + 0.1 * unit},
              {"memory_bytes",
               612'000'000 + static_cast<std::int64_t>(unit * 9e6) + (is_busy ? -40'000'000 : 0)},
              {"disk_read_bytes", 4096},
              {"disk_write_bytes", is_busy ? 900'000 : 12'000},
              {"network_in_bytes", 20'000},
              {"network_out_bytes", 30'000}});
  }
}

// Redis is killed; systemd starts it again; nginx in front of it stumbles; an alert fires.
inline Tale redis_drill() {
  Tale tale = Tale::of({.watched_until_ms = 8000, .recover_within = seconds(5)});
  tale.drop("sample");
  tale.plan.checks[0].name = "ping";
  tale.plan.faults[0].params = {
      {"select", json::object{{"unit", "redis.service"}, {"pick", "one"}}}, {"signal", "SIGKILL"}};
  tale.plan.checks.push_back({.name = "front page",
                              .probe = "http",
                              .params = {{"url", "http://127.0.0.1:8080/"}},
                              .expect = json::object{{"status", 200}},
                              .every = milliseconds(100),
                              .timeout = milliseconds(500)});
  tale.plan.checks.push_back({.name = "data on disk",
                              .probe = "file",
                              .params = {{"path", "/var/lib/redis/dump.rdb"}},
                              .every = milliseconds(250),
                              .timeout = milliseconds(100),
                              .demand = scenario::Demand::always});
  tale.plan.checks.push_back({.name = "alert fires",
                              .probe = "http",
                              .every = milliseconds(200),
                              .timeout = milliseconds(500),
                              .demand = scenario::Demand::eventually,
                              .within = seconds(3),
                              .gate = scenario::Gate::detect});
  tale.settle_plan();
  add_samples(tale, "ping", {2000, 2250}, 0.35, 50, 8000);
  add_samples(tale, "front page", {2000, 2600}, 2.4, 100, 8000);
  add_samples(tale, "data on disk", {0, 0}, 0.09, 250, 8000);
  for (std::int64_t at = 2200; at < 3400; at += 200) {
    tale.add(at * ms + 5, "sample", engine::sample("alert fires", at * ms, at >= 3200, 4 * ms));
  }
  tale.add(3204 * ms, "gate",
           {{"gate", "detect"},
            {"check", "alert fires"},
            {"met", true},
            {"within_ns", 3000 * ms},
            {"after_ns", 3000 * ms},
            {"by_ns", 3204 * ms},
            {"why", ""}});
  tale.add(7990 * ms, "dose",
           {{"fault", "process.kill"},
            {"witness", "process.ended"},
            {"unit", "processes"},
            {"looks", 1},
            {"on_looks", 1},
            {"mean", 1},
            {"min", 1},
            {"max", 1}});
  tale.add(500 * ms, "note", {{"message", "the clock of this host has a resolution of 1 ns"}});
  add_gauges(tale, 8000);
  return tale;
}

// The same, with a supervisor that does not start Redis again, and nobody who notices.
inline Tale refuted_drill() {
  Tale tale = redis_drill();
  tale.drop([](const engine::Event& event) {
    const std::string check = text_at(event, "check");
    return check == "ping" || check == "alert fires";
  });
  add_samples(tale, "ping", {2000, 8000}, 0.35, 50, 8000);
  for (std::int64_t at = 2200; at < 5600; at += 200) {
    tale.add(at * ms + 5, "sample", engine::sample("alert fires", at * ms, false, 4 * ms));
  }
  tale.add(5504 * ms, "gate",
           {{"gate", "detect"},
            {"check", "alert fires"},
            {"met", false},
            {"within_ns", 3000 * ms},
            {"after_ns", 5400 * ms},
            {"by_ns", 5000 * ms},
            {"why", "body is [], not \"firing\""}});
  return tale;
}

// A pause and a burner together; the host was not as before at the end.
inline Tale invalid_drill() {
  Tale tale = Tale::of({.is_spell = true, .broken_until_ms = 4050});
  tale.plan.faults.push_back({.id = "cpu.burn",
                              .kind = "cpu.burn",
                              .params = {{"cores", 2}, {"load", "80 %"}},
                              .at = milliseconds(500),
                              .lasts = seconds(1)});
  tale.settle_plan();
  tale.add(
      2500 * ms, "fault_commanded",
      {{"fault", "cpu.burn"}, {"kind", "cpu.burn"}, {"strike", 0}, {"target", "2 of 2 cores"}});
  tale.add(2501 * ms, "change_applied",
           {{"fault", "cpu.burn"},
            {"change", "2"},
            {"kind", "cpu.burner"},
            {"describe", "burns 2 cores at 80 %"},
            {"undo", "the burner ends with its holder"},
            {"keeping", "held"},
            {"commanded_ns", 2500 * ms}});
  tale.add(3400 * ms, "unwitnessed",
           {{"fault", "cpu.burn"},
            {"strike", 0},
            {"witness", "cpu.busy"},
            {"edge", "on"},
            {"message", "1.1 of 2 cores busy"}});
  tale.add(3500 * ms, "revert_commanded", {{"fault", "cpu.burn"}});
  tale.add(
      3502 * ms, "change_reverted",
      {{"fault", "cpu.burn"}, {"change", "2"}, {"ending", "foreign"}, {"detail", "nice is 5"}});
  tale.edit("fingerprint", [](engine::Event& event) {
    if (text_at(event, "moment") == "after") {
      event["differences"] = {"process limit of pid 4711: 1024 became 512"};
    }
  });
  add_gauges(tale, 6000);
  return tale;
}

}  // namespace squall::report
