// Chance from outside: the only place that asks for it. A run draws one seed here and takes every
// later choice from that (core/choices.h), so that it can be repeated.
#pragma once

#include <cstdint>

namespace squall::sys {

// 64 bits from getrandom(2), or from the clocks in the first moments of a boot when the kernel has
// none to give. Unpredictable enough to be unlike any other; not for secrets.
std::uint64_t random_bits();

}  // namespace squall::sys
