#include "core/duration.h"

#include <array>
#include <cmath>
#include <limits>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"

namespace squall {
namespace {

struct TimeUnit {
  std::string_view name;
  std::int64_t nanoseconds;
};
constexpr std::array<TimeUnit, 7> time_units = {{
    {"d", 86'400'000'000'000},
    {"h", 3'600'000'000'000},
    {"min", 60'000'000'000},
    {"s", 1'000'000'000},
    {"ms", 1'000'000},
    {"us", 1'000},
    {"ns", 1},
}};
constexpr double longest = 100.0 * 365.25 * 86'400e9;

}  // namespace

int Duration::poll_milliseconds() const {
  if (nanoseconds <= 0) return 0;
  const std::int64_t rounded = (nanoseconds + 999'999) / 1'000'000;
  return static_cast<int>(std::min<std::int64_t>(rounded, std::numeric_limits<int>::max()));
}

Duration Duration::scaled(double factor) const {
  return {std::llround(static_cast<double>(nanoseconds) * factor)};
}

Result<Duration> parse_duration(std::string_view text) {
  const Quantity quantity = TRY(parse_quantity(text));
  if (quantity.number < 0) return error(Code::invalid, "a duration cannot be negative");
  if (quantity.unit.empty()) {
    if (quantity.number == 0) return Duration{0};
    return error(Code::invalid,
                 fmt::format("the duration \"{}\" has no unit", printable(trim(text))),
                 fmt::format("write for example \"{} s\" or \"{} ms\"", quantity.number_text,
                             quantity.number_text));
  }
  if (quantity.unit == "m") {
    return error(Code::invalid, "\"m\" could be minutes or milliseconds", "write min or ms");
  }
  for (const TimeUnit& unit : time_units) {
    if (unit.name != quantity.unit) continue;
    const double count = quantity.number * static_cast<double>(unit.nanoseconds);
    if (count > longest) return error(Code::invalid, "the duration is longer than 100 years");
    return Duration{std::llround(count)};
  }
  return error(Code::invalid, fmt::format("\"{}\" is not a unit of time", printable(quantity.unit)),
               "use ns, us, ms, s, min, h or d");
}

std::string render(Duration duration) {
  if (duration.nanoseconds == 0) return "0 s";
  for (const TimeUnit& unit : time_units) {
    if (duration.nanoseconds % unit.nanoseconds == 0) {
      return fmt::format("{} {}", duration.nanoseconds / unit.nanoseconds, unit.name);
    }
  }
  return fmt::format("{} ns", duration.nanoseconds);
}

std::string render_rounded(Duration duration) {
  const std::int64_t n = duration.nanoseconds < 0 ? -duration.nanoseconds : duration.nanoseconds;
  const char* sign = duration.nanoseconds < 0 ? "-" : "";
  const auto value = static_cast<double>(n);
  if (n == 0) return "0 s";
  if (n < 1'000) return fmt::format("{}{} ns", sign, n);
  if (n < 999'500) return fmt::format("{}{:.3g} us", sign, value / 1e3);
  if (n < 999'500'000) return fmt::format("{}{:.3g} ms", sign, value / 1e6);
  if (n < 120'000'000'000) return fmt::format("{}{:.3g} s", sign, value / 1e9);
  const std::int64_t whole_seconds = n / 1'000'000'000;
  if (whole_seconds < 7200) {
    return fmt::format("{}{} min {} s", sign, whole_seconds / 60, whole_seconds % 60);
  }
  return fmt::format("{}{} h {} min", sign, whole_seconds / 3600, whole_seconds / 60 % 60);
}

}  // namespace squall
