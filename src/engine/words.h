// How measured times and shares are said to people. Intervals are rounded outwards and bounds
// upwards, so that what is said is never tighter than what was measured.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/verdict.h"

namespace squall::engine {

// "0.21 to 0.26 s"; an exact one (after == by) is "0.21 s".
std::string say_interval(Interval interval);
// The same, counted from an instant.
std::string say_interval_since(Interval interval, std::int64_t origin_ns);
// An instant of the run: "3.214 s".
std::string say_instant(std::int64_t at_ns);
// "3.2 %", rounded up to two significant digits; never past 100 %.
std::string say_bound(double fraction);
// "3.2 %", rounded to the nearest.
std::string say_share(double fraction);
// A name within a sentence: as it is when it is one word, otherwise in quotes.
std::string say_name(std::string_view name);
// "1 sample", "12 samples".
std::string say_count(std::int64_t count, std::string_view thing);
// For people and tables: "0.84 ms", "12.5 ms", "1.25 s".
std::string say_milliseconds(double milliseconds);

// A gate that was not met, in two words: "missed", "proves nothing", "nothing to heal".
std::string_view say_unmet(bool proves_nothing, bool needless);

Interval since(Interval interval, std::int64_t origin_ns);

}  // namespace squall::engine
