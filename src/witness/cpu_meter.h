// How many cores of the host are busy, and how many more than before.
//
// Busy is what is not idle: the kernel measures idle time exactly, while it only samples, at each
// clock tick, what the busy time went to; a load that runs in step with the ticks would be
// misjudged. /proc/stat rounds to 10 ms, so a mean over a window is taken, long enough to make the
// rounding small beside what is asked for. An edge may therefore be as much older than the look
// that sees it as the window is long, and sightings say so.
#pragma once

#include <deque>

#include "core/result.h"
#include "witness/witness.h"

namespace squall::witness {

// One reading of /proc/stat.
struct CpuReading {
  Duration at;              // CLOCK_MONOTONIC
  double idle_seconds = 0;  // of all cores together, since boot
  int cores = 0;
};

// `ticks_per_second` is sysconf(_SC_CLK_TCK). Code::unsupported when the text is not /proc/stat.
Result<CpuReading> parse_cpu_reading(std::string_view text, Duration at, double ticks_per_second);

class CpuMeter {
 public:
  // `asked` is the load that should be seen, in cores, above 0.
  explicit CpuMeter(double asked);

  // Over how long a mean is taken: 50 ms to 1 s.
  Duration window() const { return window_; }
  // Readings come in order of time.
  void add(const CpuReading& reading);
  // Takes the mean over all readings so far, at least two, as the level from which load is counted.
  // Code::conflict when the host has not enough idle time left to see the load asked for, or is so
  // restless that what comes and goes by itself would be taken for it.
  Status settle();
  // After settle(). On means: at least 80 % of the load asked for has been added, or 95 % of what
  // was idle is gone. The dose is the added load in cores.
  Sighting sight() const;

 private:
  double busy_between(const CpuReading& from, const CpuReading& to) const;
  // The youngest reading that is at least a window older than reading `index`, or the oldest.
  const CpuReading& window_start(std::size_t index) const;

  double asked_;
  Duration window_;
  std::deque<CpuReading> readings_;
  double level_ = 0;   // busy cores at settle()
  double needed_ = 0;  // added cores that count as on
};

}  // namespace squall::witness
