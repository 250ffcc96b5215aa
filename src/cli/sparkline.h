// A row of small columns that shows how a value went over time, one character a span of time.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "cli/style.h"

namespace squall::cli {

// One measurement at an instant, in nanoseconds since the start of the run.
struct Point {
  enum class Kind { good, bad, waiting };  // waiting: not as it shall be, and need not be yet
  std::int64_t at_ns = 0;
  double value = 0;
  Kind kind = Kind::good;
};

// The stretch of time that a row shows: `cells` spans of `cell_ns` from `start_ns` on.
struct Window {
  std::int64_t start_ns = 0;
  std::int64_t cell_ns = 1;
  std::size_t cells = 0;

  // The cell of an instant; may lie outside of [0, cells).
  std::int64_t cell_of(std::int64_t at_ns) const;
};

// A window of `cells` cells which ends with now. A run that is expected to end by `end_ns` is shown
// whole when it is no longer than a minute; otherwise the last minute is. Its borders move by whole
// cells, so that the picture does not shimmer.
Window window_at(std::int64_t now_ns, std::int64_t end_ns, std::size_t cells);

// Each cell shows the worst of its points: the highest value, or that one was bad. The highest
// value of the row fills its cell, but no less than `full_at_least` does. Cells without points are
// blank.
std::string render_sparkline(const std::deque<Point>& points, const Window& window,
                             double full_at_least, const Style& style);

}  // namespace squall::cli
