// Clocks: how far off a victim's clock is, against what was asked, and how long the victim stands
// still for it.
//
// The victim itself says what it reads, against the kernel's answer to a system call right before
// and after; it knows nothing of squall.
#include <cmath>
#include <csignal>

#include <fmt/core.h>
#include <sys/prctl.h>

#include "change/targets_clock_test.h"
#include "measure.h"
#include "sys/clock.h"

namespace squall::bench {
namespace {

constexpr double ns_in_ms = 1e6;
constexpr Duration drift_time = milliseconds(400);

change::Request shift(const change::ClockVictim& victim, std::int64_t offset_ns,
                      std::int64_t rate_ppb) {
  json::object params = victim.params();
  params["offset_ns"] = offset_ns;
  params["rate_ppb"] = rate_ppb;
  return {"process.clock", std::move(params)};
}

struct Measured {
  Samples errors;
  std::string problem;
};

// The error of the offset, in milliseconds, over as many victims.
Measured measure_skew(guardian::Session& session, std::int64_t offset_ns, int repetitions) {
  Measured measured;
  for (int i = 0; i < repetitions; ++i) {
    const change::ClockVictim victim;
    const std::string id = fmt::format("skew-{}-{}", offset_ns, i);
    const auto applied = session.apply(id, shift(victim, offset_ns, 0));
    const auto seen = victim.read();
    static_cast<void>(session.revert(id).ok());
    if (!applied.ok() || !seen) {
      measured.problem = applied.ok() ? "no answer" : applied.error().render();
      return measured;
    }
    measured.errors.push_back(std::abs(static_cast<double>(seen->realtime_ns - offset_ns)) /
                              ns_in_ms);
  }
  return measured;
}

// What was gained between two readings over the time between them: the error in parts per million.
Measured measure_drift(guardian::Session& session, std::int64_t rate_ppb, int repetitions) {
  Measured measured;
  for (int i = 0; i < repetitions; ++i) {
    const change::ClockVictim victim;
    const std::string id = fmt::format("drift-{}-{}", rate_ppb, i);
    const auto applied = session.apply(id, shift(victim, 0, rate_ppb));
    const auto first = victim.read();
    sys::sleep_until(sys::monotonic_now() + drift_time);
    const auto second = victim.read();
    static_cast<void>(session.revert(id).ok());
    if (!applied.ok() || !first || !second) {
      measured.problem = applied.ok() ? "no answer" : applied.error().render();
      return measured;
    }
    const auto gained = static_cast<double>(second->realtime_ns - first->realtime_ns);
    const auto spent = static_cast<double>(second->read_at_ns - first->read_at_ns);
    measured.errors.push_back(std::abs(gained / spent * 1e6 - static_cast<double>(rate_ppb) / 1e3));
  }
  return measured;
}

// How long a victim stands still while its clock is put off, as the change itself records it.
Measured measure_standstill(int threads, int repetitions) {
  const change::Kind& kind = *change::find(change::catalogue(), "process.clock");
  Measured measured;
  for (int i = 0; i < repetitions; ++i) {
    const change::ClockVictim victim({.busy_threads = threads});
    static_cast<void>(victim.read());  // its threads run
    const json::object params = shift(victim, 1'000'000, 0).params;
    const Result<json::object> before = kind.capture(params);
    const Result<json::object> facts =
        before.ok() ? kind.apply(params, *before) : Result<json::object>(before.error());
    if (!facts.ok()) {
      measured.problem = facts.error().render();
      return measured;
    }
    measured.errors.push_back(static_cast<double>(integer_at(*facts, "stood_still_us")) / 1e3);
    static_cast<void>(kind.revert(params, *before).ok());
  }
  return measured;
}

Row row_of(std::string what, Measured measured, std::string goal, double limit) {
  Row row{std::move(what), std::move(measured.errors), std::move(goal)};
  row.note = measured.problem;
  row.is_reached = measured.problem.empty() && (limit == 0 || quantile(row.samples, 1) <= limit);
  return row;
}

}  // namespace

std::vector<Row> bench_clocks(int repetitions) {
  std::vector<Row> rows;
  rows.push_back(
      row_of("standstill of a victim with 1 thread", measure_standstill(0, repetitions), "", 0));
  rows.push_back(row_of("standstill of a victim with 9 threads, 8 of them reading the clock",
                        measure_standstill(8, repetitions), "", 0));
  const Workplace workplace;
  const auto session = workplace.open("bench");
  for (const std::int64_t ms : {1L, -250L, 90'000L, 86'400'000L}) {
    rows.push_back(row_of(fmt::format("clock.skew, {} ms asked: error", ms),
                          measure_skew(*session, ms * 1'000'000, repetitions), "all <= 1 ms", 1));
  }
  for (const std::int64_t ppm : {50L, 500L, -20'000L, 100'000L}) {
    rows.push_back(row_of(fmt::format("clock.drift, {} ppm asked: error in ppm, not ms", ppm),
                          measure_drift(*session, ppm * 1000, std::min(repetitions, 10)),
                          "all <= 20 ppm", 20));
  }
  return rows;
}

}  // namespace squall::bench
