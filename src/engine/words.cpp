#include "engine/words.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdlib>

#include <fmt/core.h>

#include "core/duration.h"

namespace squall::engine {
namespace {

struct Scale {
  std::string_view unit;
  double nanoseconds;
};
constexpr std::array<Scale, 4> scales = {{{"s", 1e9}, {"ms", 1e6}, {"us", 1e3}, {"ns", 1}}};

// From a tenth of a unit on: 0.21 s rather than 210 ms.
const Scale& scale_of(double size_ns) {
  for (const Scale& scale : scales) {
    if (size_ns >= 0.1 * scale.nanoseconds) return scale;
  }
  return scales.back();
}

int decimals_of(double value) {
  const double size = std::abs(value);
  return size >= 100 ? 0 : size >= 10 ? 1 : 2;
}

std::string fixed(double value, int decimals) {
  // Adding zero turns a negative zero into a plain one.
  return fmt::format("{:.{}f}", value + 0.0, decimals);
}

// Rounds down (-1), to the nearest (0) or up (1) at this many decimals. The small slack keeps a
// value that stands exactly on a decimal where it is.
double rounded(double value, int decimals, int direction) {
  const double factor = std::pow(10, decimals);
  const double scaled = value * factor;
  if (direction == 0) return std::round(scaled) / factor;
  return (direction < 0 ? std::floor(scaled + 1e-6) : std::ceil(scaled - 1e-6)) / factor;
}

std::string percent(double fraction, int direction) {
  const double value = std::clamp(fraction * 100, 0.0, 100.0);
  if (value == 0) return "0 %";
  const int magnitude = static_cast<int>(std::floor(std::log10(value)));
  const int decimals = std::clamp(1 - magnitude, 0, 6);
  std::string text = fixed(std::min(rounded(value, decimals, direction), 100.0), decimals);
  if (text.find('.') != std::string::npos) {
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
  }
  return text + " %";
}

}  // namespace

std::string_view say_unmet(bool proves_nothing, bool needless) {
  if (needless) return "nothing to heal";
  return proves_nothing ? "proves nothing" : "missed";
}

Interval since(Interval interval, std::int64_t origin_ns) {
  return {interval.after_ns - origin_ns, interval.by_ns - origin_ns};
}

std::string say_interval(Interval interval) {
  constexpr std::int64_t two_minutes = 120'000'000'000;
  const auto low = static_cast<double>(interval.after_ns);
  const auto high = static_cast<double>(interval.by_ns);
  if (std::abs(interval.by_ns) >= two_minutes) {
    const std::string from = render_rounded(nanoseconds(interval.after_ns));
    const std::string to = render_rounded(nanoseconds(interval.by_ns));
    return from == to ? to : from + " to " + to;
  }
  const Scale& scale = scale_of(std::max(std::abs(low), std::abs(high)));
  int decimals = scale.nanoseconds == 1 ? 0 : decimals_of(high / scale.nanoseconds);
  const bool is_exact = interval.after_ns == interval.by_ns;
  // A narrow interval needs finer digits, or rounding outwards would make it look wide.
  const double width = (high - low) / scale.nanoseconds;
  while (!is_exact && decimals < 4 && scale.nanoseconds > 1 && width * std::pow(10, decimals) < 1) {
    ++decimals;
  }
  std::string from;
  std::string to;
  const auto say = [&] {
    from = fixed(rounded(low / scale.nanoseconds, decimals, is_exact ? 0 : -1), decimals);
    to = fixed(rounded(high / scale.nanoseconds, decimals, is_exact ? 0 : 1), decimals);
  };
  say();
  while (decimals > 0 && from.back() == '0' && to.back() == '0') {
    --decimals;
    say();
  }
  return is_exact ? fmt::format("{} {}", to, scale.unit)
                  : fmt::format("{} to {} {}", from, to, scale.unit);
}

std::string say_interval_since(Interval interval, std::int64_t origin_ns) {
  return say_interval(since(interval, origin_ns));
}

std::string say_instant(std::int64_t at_ns) {
  return fixed(static_cast<double>(at_ns) / 1e9, 3) + " s";
}

std::string say_bound(double fraction) {
  return percent(fraction, 1);
}

std::string say_share(double fraction) {
  return percent(fraction, 0);
}

std::string say_name(std::string_view name) {
  const bool is_one_word = !name.empty() && name.find_first_of(" \t\n,;:\"'()") == name.npos;
  return is_one_word ? std::string(name) : fmt::format("\"{}\"", name);
}

std::string say_count(std::int64_t count, std::string_view thing) {
  return fmt::format("{} {}{}", count, thing, count == 1 ? "" : "s");
}

std::string say_milliseconds(double milliseconds) {
  const bool is_long = milliseconds >= 1000;
  const double value = is_long ? milliseconds / 1000 : milliseconds;
  return fmt::format("{} {}", fixed(value, decimals_of(value)), is_long ? "s" : "ms");
}

}  // namespace squall::engine
