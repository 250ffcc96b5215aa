// What a disk moves, and how much more than before: bytes read and written, as its driver counts
// completed requests.
#pragma once

#include <deque>
#include <string_view>

#include "core/result.h"
#include "witness/witness.h"

namespace squall::witness {

// One reading of /sys/dev/block/MAJOR:MINOR/stat.
struct DiskReading {
  Duration at;  // CLOCK_MONOTONIC
  double bytes = 0;
};

// Code::unsupported when the text is no such file's.
Result<DiskReading> parse_disk_reading(std::string_view text, Duration at);

class DiskMeter {
 public:
  // What should be seen, in bytes per second, above 0, and in what pieces it comes.
  DiskMeter(double asked, double piece);

  // Over how long a mean is taken: some pieces, 200 ms to 5 s.
  Duration window() const { return window_; }
  // Readings come in order of time.
  void add(const DiskReading& reading);
  // Takes the mean of all readings so far, at least two, as the level from which is counted.
  // Code::conflict when the disk is so restless by itself that it would be taken for what is asked.
  Status settle();
  // After settle(). It begins at 80 % of what is asked, above the level, and ends below 40 %.
  Sighting sight();

 private:
  const DiskReading& window_start(std::size_t index) const;

  double asked_;
  Duration window_;
  std::deque<DiskReading> readings_;
  double level_ = 0;  // bytes per second at settle()
  bool is_on_ = false;
};

}  // namespace squall::witness
