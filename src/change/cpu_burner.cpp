// cpu.burner: some cores are kept busy for a given part of the time, from the start or at the end
// of a ramp.
//
// Held: the holder process runs one thread for each core. Every millisecond a thread computes until
// its own CPU time has reached what it should have used by then, and sleeps for the rest. As the
// loop is closed over what the kernel accounted, being preempted does not make it burn less, up to
// a debt of 100 ms; what is owed beyond that is forgiven, so that a burner which had to wait for
// long does not run flat out afterwards. The threads begin one after the other within a period, so
// that their bursts do not fall together.
//
// The threads have the ordinary priority and are not bound to cores: the scheduler spreads them,
// and on a busy host they get no more than their fair share. The process is called squall-burner.
// When it dies, for whatever reason, the burning is over.
#include <algorithm>
#include <csignal>
#include <system_error>
#include <thread>

#include <fmt/core.h>
#include <sys/prctl.h>

#include "change/typed.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

struct CpuBurner {
  std::int64_t cores = 1;
  Share load{1};
  Share from{0};
  Duration ramp;

  // The load that each core should have at this time after the start.
  double load_at(Duration since) const {
    if (since >= ramp) return load.fraction;
    const double part = since.seconds() / ramp.seconds();
    return from.fraction + (load.fraction - from.fraction) * part;
  }
};

const param::Table<CpuBurner> table{{
    param::field("cores", &CpuBurner::cores,
                 {.about = "How many threads.", .required = true, .min = 1, .max = 4096}),
    param::field("load", &CpuBurner::load,
                 {.about = "The part of the time for which each computes.",
                  .required = true,
                  .min = Share{0.01},
                  .max = Share{1}}),
    param::field("from", &CpuBurner::from,
                 {.about = "The part with which a ramp begins.", .min = Share{0}, .max = Share{1}}),
    param::field("ramp", &CpuBurner::ramp,
                 {.about = "How long it takes from there to the load; 0 s means at once.",
                  .min = Duration{},
                  .max = minutes(24 * 60)}),
}};

constexpr Duration period = milliseconds(1);
constexpr Duration debt_max = milliseconds(100);
constexpr Duration proof = microseconds(100);  // of CPU time, that the burner lives
constexpr Duration proof_limit = milliseconds(500);

// A few microseconds of work that the compiler cannot take away.
void compute() {
  std::uint64_t state = 1;
  for (int i = 0; i < 2000; ++i) state = state * 6364136223846793005U + 1442695040888963407U;
  asm volatile("" : : "r"(state));
}

// `phase` is how much later than the first thread this one begins.
void burn(const CpuBurner& params, Duration phase, const std::stop_token& stop) {
  sys::use_precise_timers();
  const Duration start = sys::monotonic_now() + phase;
  sys::sleep_until(start);
  const Duration cpu_start = sys::thread_cpu_time();
  Duration period_end = start;
  Duration due;  // CPU time that should have been used by the end of this period
  while (!stop.stop_requested()) {
    due = due + period.scaled(params.load_at(period_end + period / 2 - start));
    period_end = period_end + period;
    const Duration used = sys::thread_cpu_time() - cpu_start;
    if (due - used > debt_max) due = used + debt_max;
    while (sys::thread_cpu_time() - cpu_start < due && sys::monotonic_now() < period_end) compute();
    sys::sleep_until(period_end);
  }
}

class Burner : public Held {
 public:
  explicit Burner(const CpuBurner& params) {
    for (std::int64_t i = 0; i < params.cores; ++i) {
      const Duration phase = period * i / params.cores;
      threads_.emplace_back(
          [params, phase](const std::stop_token& stop) { burn(params, phase, stop); });
    }
  }
  ~Burner() override {
    for (std::jthread& thread : threads_) thread.request_stop();
  }

 private:
  std::vector<std::jthread> threads_;
};

Result<Footprint> footprint(const CpuBurner& params) {
  return Footprint{.burnt_cores = static_cast<double>(params.cores) *
                                  std::max(params.load.fraction, params.from.fraction)};
}

Result<json::object> capture(const CpuBurner&) {
  return json::object{};
}

Result<std::unique_ptr<Held>> hold(const CpuBurner& params, const json::object&) {
  ::prctl(PR_SET_NAME, "squall-burner");  // the threads inherit the name
  try {
    return std::unique_ptr<Held>(std::make_unique<Burner>(params));
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(),
                       fmt::format("starting {} burner threads", params.cores))
        .advise("ask for fewer cores, or raise the limit on processes");
  }
}

// In force means that the holder lives and uses CPU time; that it lives without burning, because
// somebody stopped or throttled it, is a third party's doing.
Result<Presence> verify(const CpuBurner&, const json::object& before) {
  const sys::ProcessId holder{integer_at(before, "holder_pid"),
                              static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
  if (holder.pid == 0) return Presence::absent;
  const std::optional<Duration> start = sys::process_cpu_time(holder.pid);
  const Duration deadline = sys::monotonic_now() + proof_limit;
  while (sys::is_alive(holder)) {
    const std::optional<Duration> used = sys::process_cpu_time(holder.pid);
    if (start && used && *used - *start >= proof) return Presence::in_force;
    if (sys::monotonic_now() >= deadline) return Presence::foreign;
    sys::sleep_until(sys::monotonic_now() + milliseconds(2));
  }
  return Presence::absent;
}

std::string describe(const CpuBurner& params) {
  const std::string ramp =
      params.ramp > Duration{}
          ? fmt::format(", coming from {} over {}", render(params.from), render(params.ramp))
          : "";
  return fmt::format("keep {} cores busy for {} of the time{}", params.cores, render(params.load),
                     ramp);
}

std::string undo(const CpuBurner&) {
  return "end the burner process; the kernel ends it by itself when squall dies";
}

}  // namespace

extern const Kind kind_cpu_burner;
const Kind kind_cpu_burner = make_kind<CpuBurner>({
    .name = "cpu.burner",
    .about = "Some cores are kept busy for a given part of the time.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
