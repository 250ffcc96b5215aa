#include "core/duration.h"

#include <algorithm>
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
constexpr std::int64_t longest = 36'525 * 86'400'000'000'000;

}  // namespace

int Duration::poll_milliseconds() const {
  if (nanoseconds <= 0) return 0;
  const std::int64_t rounded = nanoseconds / 1'000'000 + (nanoseconds % 1'000'000 > 0 ? 1 : 0);
  return static_cast<int>(std::min<std::int64_t>(rounded, std::numeric_limits<int>::max()));
}

Duration Duration::scaled(double factor) const {
  constexpr double edge = 0x1.0p62;
  return {std::llround(std::clamp(static_cast<double>(nanoseconds) * factor, -edge, edge))};
}

Result<Duration> parse_duration(std::string_view text) {
  const Quantity quantity = TRY(parse_quantity(text));
  if (quantity.number < 0) return error(Code::invalid, "a duration cannot be negative");
  if (quantity.unit.empty()) {
    if (quantity.number == 0) return Duration{0};
    return error(Code::invalid, fmt::format("the duration {} has no unit", quote(trim(text))),
                 fmt::format("write for example \"{} s\" or \"{} ms\"", quantity.number_text,
                             quantity.number_text));
  }
  if (quantity.unit == "m") {
    return error(Code::invalid, "\"m\" could be minutes or milliseconds", "write min or ms");
  }
  for (const TimeUnit& unit : time_units) {
    if (unit.name != quantity.unit) continue;
    const auto count = scale_exactly(quantity, unit.nanoseconds);
    if (!count || *count > longest) {
      return error(Code::invalid, "the duration is longer than 100 years");
    }
    return Duration{*count};
  }
  return error(Code::invalid, fmt::format("{} is not a unit of time", quote(quantity.unit)),
               "use ns, us, ms, s, min, h or d");
}

// Whole minutes, hours and days are written as such; everything else in the largest decimal unit
// that it reaches, with the fraction it needs: 90 s, 1.5 s, 250 ms.
std::string render(Duration duration) {
  const std::int64_t n = duration.nanoseconds;
  if (n == 0) return "0 s";
  for (const TimeUnit& unit : time_units) {
    if (n % unit.nanoseconds == 0) return fmt::format("{} {}", n / unit.nanoseconds, unit.name);
    const bool is_decimal = unit.nanoseconds <= 1'000'000'000;
    if (!is_decimal || (n < unit.nanoseconds && -n < unit.nanoseconds)) continue;
    std::string fraction = fmt::format("{}", unit.nanoseconds + std::abs(n % unit.nanoseconds));
    fraction.erase(fraction.find_last_not_of('0') + 1);
    return fmt::format("{}.{} {}", n / unit.nanoseconds, fraction.substr(1), unit.name);
  }
  return fmt::format("{} ns", n);
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
