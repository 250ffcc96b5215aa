// From the breach of a stop condition to the undo that a witness saw: whole runs of the engine,
// each with a target that starts to fail while a process is paused.
#include <csignal>
#include <cstdio>

#include <fmt/core.h>

#include "engine/engine.h"
#include "measure.h"
#include "sys/file.h"

namespace squall::bench {
namespace {

scenario::Plan make_plan(const std::string& file, int pid) {
  scenario::Plan plan;
  plan.name = "stop-bench";
  plan.title = "A stop condition is breached";
  plan.seed = 1;
  plan.baseline = milliseconds(300);
  plan.recover_within = seconds(1);
  scenario::PlannedCheck check;
  check.name = "file";
  check.probe = "file";
  check.params = {{"path", file}};
  check.expect = json::object{{"exists", true}};
  check.every = milliseconds(20);
  check.timeout = milliseconds(200);
  plan.checks.push_back(check);
  scenario::PlannedFault fault;
  fault.id = "process.pause";
  fault.kind = "process.pause";
  fault.params = {{"select", {{"pid", pid}}}};
  fault.lasts = seconds(10);
  plan.faults.push_back(fault);
  scenario::StopCondition stop;
  stop.text = "failing file";
  stop.metric = "failing";
  stop.check = "file";
  stop.comparison = ">=";
  stop.threshold = 1;
  plan.stops.push_back(stop);
  return plan;
}

// Milliseconds from the answer of the first broken sample to the end that the witness saw; -1
// without one.
double breach_to_undo(const std::vector<engine::Event>& timeline) {
  std::int64_t breach = -1;
  for (const engine::Event& event : timeline) {
    const std::string name = text_at(event, "event");
    if (name == "sample" && !bool_at(event, "good") && breach < 0)
      breach = integer_at(event, "done_ns");
    if (name == "witnessed" && text_at(event, "edge") == "off" && breach >= 0) {
      return Duration{integer_at(event, "by_ns") - breach}.milliseconds();
    }
  }
  return -1;
}

}  // namespace

std::vector<Row> bench_stops(int repetitions) {
  const Workplace workplace;
  engine::Environment environment{&fault::catalogue(), &probe::catalogue(), &witness::catalogue(),
                                  workplace.launch()};
  Samples samples;
  int strange = 0;
  for (int i = 0; i < repetitions; ++i) {
    const Sleeper sleeper;
    const std::string file = workplace.launch().state_folder + "/target";
    CHECK(sys::write_file_durably(file, "x").ok(), "the folder is writable");
    const scenario::Plan plan = make_plan(file, sleeper.pid());
    engine::RunOptions options;
    options.run_id = fmt::format("stop-{}", i);
    options.observer = [&](const engine::Event& event) {
      // The target breaks as soon as the fault is witnessed.
      if (text_at(event, "event") == "witnessed" && text_at(event, "edge") == "on") {
        static_cast<void>(sys::remove_file(file).ok());
      }
    };
    const Result<engine::RunResult> result = engine::run(plan, environment, options);
    const double took = result.ok() ? breach_to_undo(result->timeline) : -1;
    if (took < 0 || result->verdict.outcome != engine::Outcome::aborted) {
      ++strange;
      continue;
    }
    samples.push_back(took);
  }
  Row row{"stop condition: breach to verified undo", samples, "<= 500 ms in 95 of 100"};
  row.is_reached = strange == 0 && share_within(samples, 500) >= 0.95;
  row.note = fmt::format("{:.0f} % within 500 ms; {} runs without a breach or an undo",
                         share_within(samples, 500) * 100, strange);
  return {row};
}

}  // namespace squall::bench
