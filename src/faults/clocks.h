// What the kinds that put a victim's clock off have in common. They are one change with other
// numbers, but two faults: a clock that is wrong and a clock that goes wrong are found by other
// means, and are asked for in other units.
#pragma once

#include <cstdint>
#include <vector>

#include "core/duration.h"
#include "faults/fault.h"

namespace squall::fault {

std::vector<sys::Need> clock_needs(const sys::HostFacts& host);

struct ClockShift {
  std::int64_t offset_ns = 0;  // ahead at once; negative = behind
  std::int64_t rate_ppb = 0;   // too fast from then on, parts per billion; negative = too slow
  Duration seen_from;          // how far off the clock must be before a witness calls it off
};
// One change and one watch for each victim. Code::not_found when there is none.
Result<Strike> shift_clocks(const Facts& facts, const Selector& selector, const ClockShift& shift);

}  // namespace squall::fault
