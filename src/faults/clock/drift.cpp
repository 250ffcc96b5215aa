// clock.drift: the victim's wall clock goes too fast or too slow, and is put right with a jump at
// the end.
//
// That is a bad oscillator, a virtual machine that loses ticks, or a time service that has died
// unnoticed. The longer the fault lasts, the further the clock is off: rate times elapsed time.
#include <cmath>

#include "faults/clocks.h"
#include "faults/typed.h"
#include "param/selector_codec.h"

namespace squall::fault {
namespace {

enum class Direction { fast, slow };

struct Drift {
  Selector select;
  Share rate;
  Direction direction = Direction::fast;
};

constexpr double parts_per_million = 1e-6;

const param::Table<Drift> table{{
    param::field("select", &Drift::select, {.about = "Whose clock runs off.", .required = true}),
    param::field("rate", &Drift::rate,
                 {.about = "How much too fast or too slow: `500 ppm` or `10 %`.",
                  .required = true,
                  .min = Share{10 * parts_per_million},
                  .max = Share{0.5},
                  .typical_low = Share{200 * parts_per_million},
                  .typical_high = Share{0.1}}),
    param::choice("direction", &Drift::direction,
                  {{"fast", Direction::fast}, {"slow", Direction::slow}},
                  "Whether it gains or loses time."),
}};

Wants wants(const Drift& drift) {
  return {.victims = drift.select, .files = {}};
}

Result<Strike> plan(const Drift& drift, const Facts& facts, const Choices&, std::uint64_t) {
  const std::int64_t ppb = std::llround(drift.rate.fraction * 1e9);
  return shift_clocks(
      facts, drift.select,
      {.rate_ppb = drift.direction == Direction::fast ? ppb : -ppb, .seen_from = microseconds(50)});
}

}  // namespace

extern const Kind kind_clock_drift;
const Kind kind_clock_drift = kind_of<Drift>({
    .name = "clock.drift",
    .summary =
        "The wall clock of running processes goes too fast or too slow; no other clock does.",
    .mechanism =
        "As clock.skew does it: the clock functions in the victim's private copy of the vDSO get "
        "stand-ins, here such that add the rate times what has passed since the start. The clock "
        "stays monotonic and continuous while the fault lasts. CLOCK_MONOTONIC stays true.",
    .undo =
        "The kernel's own bytes are written back, in the victim and in the children that it forked "
        "meanwhile. Their clocks then jump by all that they had gained or lost. The change is in "
        "the journal beforehand: if squall dies, the guardian, its twin or the next start of "
        "squall does it.",
    .limits =
        "Those of clock.skew. Elapsed time is counted on the host's wall clock: if that is stepped "
        "meanwhile, the drift of the victim is off by the step times the rate. The witness calls a "
        "clock off from 50 us on, which takes 0.1 s at 500 ppm and 5 s at 10 ppm.",
    .accuracy = "Asked for 50, 500, -20000 and 100000 ppm over 0.4 s, 10 victims each: off by at "
                "most 2 ppm "
                "(at 500 ppm and below by at most 0.1 ppm). Measured on a busy virtual machine "
                "with 2 cores.",
    .example = R"({"select": {"name": "redis-server"}, "rate": "500 ppm", "direction": "fast"})",
    .table = &table,
    .needs = clock_needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
