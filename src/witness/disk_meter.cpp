#include "witness/disk_meter.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"

namespace squall::witness {
namespace {

constexpr double begin_share = 0.8;
constexpr double end_share = 0.4;
constexpr double restless_share = 0.4;
constexpr double pieces_in_window = 8;
constexpr double sector = 512;  // the unit of the file, whatever the disk's own is

double rate_between(const DiskReading& from, const DiskReading& to) {
  const double span = (to.at - from.at).seconds();
  return span > 0 ? (to.bytes - from.bytes) / span : 0;
}

std::string per_second(double bytes) {
  return render_rounded(Bytes{static_cast<std::uint64_t>(std::max(bytes, 0.0))}) + "/s";
}

}  // namespace

// Fields of the kernel's Documentation/block/stat.rst: reads, merged, sectors, ms, writes, merged,
// sectors ...
Result<DiskReading> parse_disk_reading(std::string_view text, Duration at) {
  std::vector<double> fields;
  for (const std::string& word : split(text, ' ')) {
    double number = 0;
    const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (problem == std::errc() && rest != word.data()) fields.push_back(number);
  }
  if (fields.size() < 7) {
    return error(Code::unsupported,
                 fmt::format("the kernel's account of the disk cannot be read: {}", quote(text)));
  }
  return DiskReading{at, (fields[2] + fields[6]) * sector};
}

DiskMeter::DiskMeter(double asked, double piece)
    : asked_(asked),
      window_(std::clamp(nanoseconds(std::llround(pieces_in_window * piece / asked * 1e9)),
                         milliseconds(200), seconds(5))) {}

void DiskMeter::add(const DiskReading& reading) {
  readings_.push_back(reading);
}

const DiskReading& DiskMeter::window_start(std::size_t index) const {
  const Duration begin = readings_[index].at - window_;
  std::size_t start = index;
  while (start > 0 && readings_[start].at > begin) --start;
  return readings_[start];
}

Status DiskMeter::settle() {
  CHECK(readings_.size() >= 2, "a level needs two readings");
  level_ = rate_between(readings_.front(), readings_.back());
  double least = level_;
  double most = level_;
  for (std::size_t i = 1; i < readings_.size(); ++i) {
    if (readings_[i].at - readings_.front().at < window_) continue;
    const double rate = rate_between(window_start(i), readings_[i]);
    least = std::min(least, rate);
    most = std::max(most, rate);
  }
  if (most - least <= asked_ * restless_share) return ok();
  return error(Code::conflict,
               fmt::format("the disk is restless by itself, between {} and {}: {} more or less "
                           "would prove nothing",
                           per_second(least), per_second(most), per_second(asked_)),
               "ask for more, or wait until the disk is quieter");
}

Sighting DiskMeter::sight() {
  while (readings_.size() > 2 && readings_[1].at <= readings_.back().at - window_) {
    readings_.pop_front();
  }
  const DiskReading& from = window_start(readings_.size() - 1);
  const double rate = rate_between(from, readings_.back());
  const double added = std::max(rate - level_, 0.0);
  is_on_ = added >= asked_ * (is_on_ ? end_share : begin_share);
  return Sighting{
      .on = is_on_,
      .dose = added,
      .detail = fmt::format("{}, {} more than before", per_second(rate), per_second(added)),
      .oldest = readings_.back().at - from.at};
}

}  // namespace squall::witness
