#include "engine/engine.h"

#include <algorithm>
#include <array>
#include <utility>

#include <fmt/core.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "core/digest.h"
#include "engine/facts.h"
#include "engine/run.h"
#include "sys/clock.h"

namespace squall::engine {
namespace {

json::object describe_host() {
  utsname name{};
  ::uname(&name);
  return {{"name", name.nodename}, {"kernel", name.release}, {"cores", sys::look_at_host().cores}};
}

void write_start(TimelineWriter& timeline, const scenario::Plan& plan, const RunOptions& options) {
  json::array arguments;
  for (const std::string& word : options.arguments) arguments.push_back(json::string(word));
  timeline.add("run_started", {{"run", options.run_id},
                               {"file", options.file},
                               {"arguments", std::move(arguments)},
                               {"scenario", plan.name},
                               {"title", plan.title},
                               {"hypothesis", plan.hypothesis},
                               {"wall", sys::wall_time_text()},
                               {"plan_hash", scenario::hash(plan)},
                               {"seed", std::to_string(plan.seed)},
                               {"time_scale", plan.time_scale},
                               {"version", options.version},
                               {"host", describe_host()},
                               {"plan", scenario::to_json(plan)}});
}

}  // namespace

std::string make_run_id(const scenario::Plan& plan) {
  std::string stamp = sys::wall_time_text();  // 2026-03-01T12:00:00.123Z
  std::erase_if(stamp, [](char letter) { return letter == '-' || letter == ':'; });
  stamp = stamp.substr(0, 19);  // to the millisecond: two runs of one second keep their order
  stamp[8] = '-';
  const std::string unique = fmt::format("{} {}", sys::wall_nanoseconds(), ::getpid());
  return fmt::format("{}-{}-{}", stamp, plan.name, sha256_hex(unique).substr(0, 4));
}

Result<RunResult> run(const scenario::Plan& plan, const Environment& environment,
                      const RunOptions& options) {
  const std::unique_ptr<TimelineWriter> timeline = TRY(
      TimelineWriter::create(options.timeline_path, options.observer), "beginning the timeline");
  write_start(*timeline, plan, options);
  {
    Run run(plan, environment, options, *timeline);
    run.go();
  }
  timeline->add("phase", {{"phase", "verdict"}});
  RunResult result;
  result.verdict = judge(timeline->events());
  json::array reasons;
  for (const std::string& reason : result.verdict.reasons) reasons.push_back(json::string(reason));
  timeline->add("run_ended", {{"verdict", outcome_name(result.verdict.outcome)},
                              {"exit_code", exit_code(result.verdict.outcome)},
                              {"reasons", std::move(reasons)},
                              {"learnt", result.verdict.learnt}});
  result.timeline = timeline->events();
  return result;
}

std::vector<Rehearsal> rehearse(const scenario::Plan& plan, const Environment& environment) {
  const sys::HostFacts host = sys::look_at_host();
  std::vector<Rehearsal> rehearsals;
  for (const scenario::PlannedFault& fault : plan.faults) {
    const fault::Kind* kind = fault::find(*environment.faults, fault.kind);
    CHECK(kind != nullptr, "the plan was checked against the catalogue");
    rehearsals.push_back(
        {fault.id, kind->needs(host), plan_strike(*kind, fault, host, plan.seed, 0)});
  }
  return rehearsals;
}

std::vector<guardian::Step> steps_of(const scenario::Plan& plan, const Environment& environment,
                                     const std::vector<Rehearsal>& rehearsals) {
  struct Timed {
    Duration at;
    bool is_made = false;  // at the same instant, ends come first
    guardian::Step step;
  };
  std::vector<Timed> timed;
  for (std::size_t i = 0; i < rehearsals.size() && i < plan.faults.size(); ++i) {
    const scenario::PlannedFault& fault = plan.faults[i];
    if (!rehearsals[i].strike.ok()) continue;
    const fault::Kind* kind = fault::find(*environment.faults, fault.kind);
    const std::vector<change::Request>& changes = rehearsals[i].strike->changes;
    for (std::size_t n = 0; n < changes.size(); ++n) {
      const std::string name = fmt::format("{}/{}", fault.id, n);
      timed.push_back({fault.at, true, {name, changes[n]}});
      if (kind->lasting != fault::Lasting::spell) continue;
      timed.push_back({fault.at + fault.lasts, false, {name, std::nullopt}});
    }
  }
  std::stable_sort(timed.begin(), timed.end(), [](const Timed& a, const Timed& b) {
    return std::pair(a.at, a.is_made) < std::pair(b.at, b.is_made);
  });
  std::vector<guardian::Step> steps;
  for (Timed& one : timed) steps.push_back(std::move(one.step));
  return steps;
}

std::string fault_of_change(const std::string& change) {
  return change.substr(0, change.rfind('/'));
}

}  // namespace squall::engine
