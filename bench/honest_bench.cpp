// Honest measurement under squall's own load: what the prober of a run reports, against what is
// true, while squall burns every core, fills memory and keeps a disk busy.
//
// What is true is told by the server itself (honest_target.h): it writes down when each request
// reached it and when the answer left. The added error of a sample is the latency that squall
// reports less the time that the server had the request; so connecting, sending and receiving are
// in it, which an outside client, a process at a higher real-time priority with none of squall's
// code, pays in the same seconds. The server has a real-time priority of its own, so that its own
// waiting for a CPU is not taken for squall's error, but for two cases on purpose: one in which it
// starves, and one in which it is too slow for what it is asked. There the wait is the target's,
// and must be in squall's figures as it is in those of the outside client.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <optional>

#include <fmt/core.h>
#include <linux/capability.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "engine/engine.h"
#include "honest_target.h"
#include "measure.h"
#include "sys/clock.h"

namespace squall::bench {
namespace {

constexpr Duration every = milliseconds(5);
constexpr Duration fault_length = milliseconds(3500);
constexpr Duration baseline = milliseconds(600);
constexpr double goal_ms = 1;

struct Case {
  std::string what;
  std::vector<change::Request> loads;  // made by squall's guardian, and kept for the whole run
  Target::Options target;
  Duration every = bench::every;
  bool has_privilege = true;
};

// The fault of the run itself is a harmless one: a witness would refuse to see a load on a host
// that is busy already, and then there would be none.
scenario::Plan plan_of(const Case& one, const Target& target, const Sleeper& sleeper) {
  scenario::Plan plan;
  plan.name = "honest-bench";
  plan.title = one.what;
  plan.seed = 1;
  plan.baseline = baseline;
  plan.recover_within = milliseconds(100);
  scenario::PlannedFault fault;
  fault.id = "process.pause";
  fault.kind = "process.pause";
  fault.params = {{"select", {{"pid", sleeper.pid()}}}};
  fault.lasts = fault_length;
  plan.faults.push_back(fault);
  scenario::PlannedCheck check;
  check.name = "page";
  check.probe = "http";
  check.params = {{"url", target.url()}};
  check.every = one.every;
  check.timeout = seconds(5);
  plan.checks.push_back(check);
  return plan;
}

// Takes CAP_SYS_NICE from this thread and those it starts, and gives it back at the end.
class Unprivileged {
 public:
  Unprivileged() { change(false); }
  ~Unprivileged() { change(true); }
  Unprivileged(const Unprivileged&) = delete;
  Unprivileged& operator=(const Unprivileged&) = delete;

 private:
  static void change(bool has_it) {
    __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
    std::array<__user_cap_data_struct, 2> sets{};
    CHECK(::syscall(SYS_capget, &header, sets.data()) == 0, "capabilities can be read");
    constexpr unsigned nice = 1U << CAP_SYS_NICE;
    sets[0].effective = has_it ? sets[0].effective | nice : sets[0].effective & ~nice;
    CHECK(::syscall(SYS_capset, &header, sets.data()) == 0, "capabilities can be set");
  }
};

struct Measured {
  std::vector<engine::Event> samples;  // sent while the fault was in force, in order of sending
  Duration start;                      // of the run, on CLOCK_MONOTONIC, a few microseconds off
  engine::Event lateness;
};

// The loads of a case are in force as long as this lives.
class Loads {
 public:
  Loads(guardian::Session& session, const std::vector<change::Request>& requests)
      : session_(session) {
    for (const change::Request& request : requests) {
      const auto applied = session_.apply(fmt::format("load-{}", count_++), request);
      if (!applied.ok()) std::fprintf(stderr, "%s\n", applied.error().render().c_str());
      CHECK(applied.ok(), "the load can be made");
    }
  }
  ~Loads() {
    while (count_ > 0) static_cast<void>(session_.revert(fmt::format("load-{}", --count_)).ok());
  }
  Loads(const Loads&) = delete;
  Loads& operator=(const Loads&) = delete;

 private:
  guardian::Session& session_;
  int count_ = 0;
};

// What every case works with.
struct Bench {
  const Workplace& workplace;
  guardian::Session& session;
  int runs = 0;
};

Measured measure(const Case& one, const Target& target, Bench& bench) {
  const Sleeper sleeper;
  const Loads loads(bench.session, one.loads);
  std::optional<Unprivileged> fallen;
  if (!one.has_privilege) fallen.emplace();
  engine::Environment environment{&fault::catalogue(), &probe::catalogue(), &witness::catalogue(),
                                  bench.workplace.launch()};
  Measured measured{.start = Duration{INT64_MAX}};
  std::int64_t on_ns = INT64_MAX;
  std::int64_t off_ns = INT64_MAX;
  engine::RunOptions options;
  options.run_id = fmt::format("honest-{}", ++bench.runs);
  options.observer = [&](const engine::Event& event) {
    const Duration start = sys::monotonic_now() - nanoseconds(integer_at(event, "t_ns"));
    measured.start = std::min(measured.start, start);
  };
  const Result<engine::RunResult> result =
      engine::run(plan_of(one, target, sleeper), environment, options);
  CHECK(result.ok(), "a run can be begun");
  for (const engine::Event& event : result->timeline) {
    const std::string name = text_at(event, "event");
    if (name == "fault_commanded") on_ns = std::min(on_ns, integer_at(event, "t_ns"));
    if (name == "revert_commanded") off_ns = std::min(off_ns, integer_at(event, "t_ns"));
    if (name == "lateness") measured.lateness = event;
    if (name == "sample") measured.samples.push_back(event);
  }
  std::erase_if(measured.samples, [&](const engine::Event& event) {
    return integer_at(event, "planned_ns") < on_ns || integer_at(event, "done_ns") > off_ns;
  });
  std::sort(measured.samples.begin(), measured.samples.end(),
            [](const engine::Event& a, const engine::Event& b) {
              return integer_at(a, "sent_ns") < integer_at(b, "sent_ns");
            });
  return measured;
}

double reported_ms(const engine::Event& sample) {
  return Duration{integer_at(sample, "done_ns") - integer_at(sample, "planned_ns") -
                  integer_at(sample, "late_ns")}
      .milliseconds();
}

// How long the server had the request that was under way between these instants.
std::optional<Duration> served_within(const std::vector<Served>& served, Duration from,
                                      Duration until) {
  const auto found =
      std::lower_bound(served.begin(), served.end(), from,
                       [](const Served& one, Duration at) { return one.arrived < at; });
  if (found == served.end() || found->arrived > until) return std::nullopt;
  return found->left - found->arrived;
}

struct Errors {
  Samples squall;
  Samples outside;
  std::size_t tainted = 0;
};

// Added by the client to what the server tells. `slack`: how exactly the start of the run is known.
Errors errors_of(const Measured& measured, const Target& target) {
  constexpr Duration slack = microseconds(200);
  Errors errors;
  const std::vector<Served> to_squall = target.served('p');
  for (const engine::Event& sample : measured.samples) {
    if (bool_at(sample, "tainted")) {
      ++errors.tainted;
      continue;
    }
    const Duration sent = measured.start + nanoseconds(integer_at(sample, "sent_ns"));
    const Duration done = measured.start + nanoseconds(integer_at(sample, "done_ns"));
    const auto served = served_within(to_squall, sent - slack, done);
    if (served) errors.squall.push_back(reported_ms(sample) - served->milliseconds());
  }
  const std::vector<Served> to_outside = target.served('r');
  for (const Asked& one : target.asked()) {
    const auto served = served_within(to_outside, one.start, one.done);
    if (served) errors.outside.push_back((one.done - one.start - *served).milliseconds());
  }
  return errors;
}

Samples reported(const Measured& measured) {
  Samples samples;
  for (const engine::Event& sample : measured.samples) {
    if (!bool_at(sample, "tainted")) samples.push_back(reported_ms(sample));
  }
  return samples;
}

std::string own_lateness(const Measured& measured) {
  return fmt::format("own lateness p50 {:.2f}, p99 {:.2f}, max {:.2f} ms, {}",
                     Duration{integer_at(measured.lateness, "median_ns")}.milliseconds(),
                     Duration{integer_at(measured.lateness, "p99_ns")}.milliseconds(),
                     Duration{integer_at(measured.lateness, "max_ns")}.milliseconds(),
                     text_at(measured.lateness, "promptness"));
}

Row bench_error(const Case& one, Bench& bench) {
  Target target(one.target);
  target.start_client(every, baseline + fault_length);
  const Measured measured = measure(one, target, bench);
  const Errors errors = errors_of(measured, target);
  Row row{one.what + ": added error", errors.squall};
  if (one.has_privilege) row.goal = "p99 <= 1 ms";
  row.is_reached = !one.has_privilege ||
                   (errors.squall.size() > 100 && quantile(errors.squall, 0.99) <= goal_ms);
  row.note = fmt::format(
      "outside client: p50 {:.2f}, p99 {:.2f} ms of {}; {} of {} samples tainted; {}",
      quantile(errors.outside, 0.5), quantile(errors.outside, 0.99), errors.outside.size(),
      errors.tainted, measured.samples.size(), own_lateness(measured));
  return row;
}

// The server's own waiting, as squall and as somebody else sees it.
Row bench_starving(const Case& one, Bench& bench) {
  Target target(one.target);
  target.start_client(every, baseline + fault_length);
  const Measured measured = measure(one, target, bench);
  if (measured.samples.empty()) return {one.what, {}, "", false, "no sample was taken"};
  const auto planned = [&](const engine::Event& sample) {
    return measured.start + nanoseconds(integer_at(sample, "planned_ns"));
  };
  const Duration first = planned(measured.samples.front());
  const Duration last = planned(measured.samples.back());
  Samples outside;
  for (const Asked& asked : target.asked()) {
    if (asked.planned < first || asked.planned > last || asked.done == Duration{}) continue;
    outside.push_back((asked.done - asked.planned).milliseconds());
  }
  Row row{one.what + ": latency reported", reported(measured),
          "p50 within half and twice outside's"};
  const double ratio = quantile(row.samples, 0.5) / std::max(quantile(outside, 0.5), 0.001);
  row.is_reached = row.samples.size() > 100 && ratio >= 0.5 && ratio <= 2;
  row.note = fmt::format("outside client: p50 {:.2f}, p99 {:.2f} ms; {} of {} samples tainted; {}",
                         quantile(outside, 0.5), quantile(outside, 0.99),
                         measured.samples.size() - row.samples.size(), measured.samples.size(),
                         own_lateness(measured));
  return row;
}

// A server that takes requests one by one, and is asked three times as often as it can answer: the
// nth request that left is the nth it answered, and its wait counts from when it was due.
Row bench_slow(const Case& one, Bench& bench) {
  const Target target(one.target);
  const Measured measured = measure(one, target, bench);
  Samples true_ms;
  for (const engine::Event& sample : measured.samples) {
    const Duration done = measured.start + nanoseconds(integer_at(sample, "done_ns"));
    const Duration planned = measured.start + nanoseconds(integer_at(sample, "planned_ns"));
    const std::vector<Served> served = target.served('p');
    const auto last =
        std::upper_bound(served.begin(), served.end(), done,
                         [](Duration at, const Served& request) { return at < request.left; });
    if (last != served.begin()) true_ms.push_back(((last - 1)->left - planned).milliseconds());
  }
  Row row{one.what + ": latency reported", reported(measured), "no sample tainted; p99 within 5 %"};
  const double reached = quantile(row.samples, 0.99);
  row.is_reached = row.samples.size() == measured.samples.size() && row.samples.size() > 20 &&
                   std::abs(reached / quantile(true_ms, 0.99) - 1) <= 0.05;
  row.note = fmt::format(
      "by the server's own record: p50 {:.2f}, p99 {:.2f} ms; {} of {} tainted; {}",
      quantile(true_ms, 0.5), quantile(true_ms, 0.99), measured.samples.size() - row.samples.size(),
      measured.samples.size(), own_lateness(measured));
  return row;
}

}  // namespace

std::vector<Row> bench_honest() {
  const Workplace workplace;
  const auto session = workplace.open("loads");
  Bench bench{workplace, *session};
  const change::Request burn{"cpu.burner",
                             {{"cores", ::sysconf(_SC_NPROCESSORS_ONLN)}, {"load", "100 %"}}};
  const change::Request fill{"memory.ballast",
                             {{"size", "512 MiB"}, {"ramp", "3 s"}, {"fence", "squall-honest"}}};
  const change::Request disk{"disk.traffic",
                             {{"path", workplace.launch().state_folder}, {"rate", "1000/s"}}};
  const Case errors[] = {
      {.what = "no load"},
      {.what = "all cores burnt", .loads = {burn}},
      {.what = "all cores burnt, memory filled", .loads = {burn, fill}},
      {.what = "all cores burnt, disk loaded", .loads = {burn, disk}},
      {.what = "all cores burnt, no real-time allowed", .loads = {burn}, .has_privilege = false},
  };
  std::vector<Row> rows;
  for (const Case& one : errors) rows.push_back(bench_error(one, bench));
  rows.push_back(bench_starving(
      {.what = "the server starves", .loads = {burn}, .target = {.is_starved = true}}, bench));
  rows.push_back(bench_slow(
      {.what = "the server is too slow by three", .target = {.work = milliseconds(15)}}, bench));
  return rows;
}

}  // namespace squall::bench
