#include "witness/cpu_meter.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"

namespace squall::witness {
namespace {

constexpr double share_of_asked = 0.8;
constexpr double share_of_idle = 0.95;
constexpr double least_idle_share = 0.5;  // of the load asked for, idle at the start
constexpr double rounding_seconds = 0.01;
constexpr double tolerated_rounding = 0.1;  // of the load asked for
constexpr Duration kept = seconds(10);

}  // namespace

// "cpu  user nice system idle iowait ..." comes first, then one "cpuN" line for each core.
Result<CpuReading> parse_cpu_reading(std::string_view text, Duration at, double ticks_per_second) {
  CpuReading reading{.at = at};
  std::vector<double> numbers;
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with("cpu")) break;
    if (!line.starts_with("cpu ")) {
      ++reading.cores;
      continue;
    }
    for (const std::string& word : split(trim(std::string_view(line).substr(4)), ' ')) {
      std::uint64_t ticks = 0;
      if (std::from_chars(word.data(), word.data() + word.size(), ticks).ec == std::errc()) {
        numbers.push_back(static_cast<double>(ticks));
      }
    }
  }
  if (numbers.size() < 5 || reading.cores == 0) {
    return error(Code::unsupported, "/proc/stat does not tell the idle time of the cores");
  }
  reading.idle_seconds = (numbers[3] + numbers[4]) / ticks_per_second;
  return reading;
}

CpuMeter::CpuMeter(double asked) : asked_(asked) {
  CHECK(asked > 0, "some load is asked for");
  const double needed_seconds = rounding_seconds / (tolerated_rounding * asked);
  window_ = std::clamp(Duration{std::llround(needed_seconds * 1e9)}, milliseconds(50), seconds(1));
}

void CpuMeter::add(const CpuReading& reading) {
  CHECK(readings_.empty() || readings_.back().at < reading.at, "readings come in order of time");
  readings_.push_back(reading);
  while (reading.at - readings_.front().at > kept) readings_.pop_front();
}

double CpuMeter::busy_between(const CpuReading& from, const CpuReading& to) const {
  const double idle = (to.idle_seconds - from.idle_seconds) / (to.at - from.at).seconds();
  return std::clamp(to.cores - idle, 0.0, static_cast<double>(to.cores));
}

const CpuReading& CpuMeter::window_start(std::size_t index) const {
  const Duration latest = readings_[index].at - window_;
  std::size_t start = index;
  while (start > 0 && readings_[start].at > latest) --start;
  return readings_[start];
}

Status CpuMeter::settle() {
  CHECK(readings_.size() >= 2, "a level needs two readings");
  level_ = busy_between(readings_.front(), readings_.back());
  const double idle = readings_.back().cores - level_;
  if (idle < least_idle_share * asked_) {
    return error(Code::conflict,
                 fmt::format("the host is already busy: {:.2f} of {} cores; {:.2f} more could not "
                             "be seen",
                             level_, readings_.back().cores, asked_),
                 "wait until it is quieter, or ask for less load");
  }
  needed_ = std::min(share_of_asked * asked_, share_of_idle * idle);
  double highest = 0;
  for (std::size_t i = 1; i < readings_.size(); ++i) {
    const CpuReading& start = window_start(i);
    if (readings_[i].at - start.at < window_) continue;
    highest = std::max(highest, busy_between(start, readings_[i]));
  }
  if (highest - level_ >= needed_) {
    return error(Code::conflict,
                 fmt::format("the host is too restless: by itself its load went from {:.2f} to "
                             "{:.2f} cores; {:.2f} more could not be told from that",
                             level_, highest, asked_),
                 "wait until it is quieter, or ask for more load");
  }
  return ok();
}

Sighting CpuMeter::sight() const {
  const CpuReading& start = window_start(readings_.size() - 1);
  const double busy = busy_between(start, readings_.back());
  const double added = busy - level_;
  return {.on = added >= needed_,
          .dose = std::max(added, 0.0),
          .detail = fmt::format("{:.2f} cores busy, {:.2f} before", busy, level_),
          .oldest = readings_.back().at - start.at};
}

}  // namespace squall::witness
