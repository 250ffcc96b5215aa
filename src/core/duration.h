// A span of time with nanosecond resolution, written with its unit: "50 ms", "2 s", "1.5 min".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"

namespace squall {

struct Duration {
  std::int64_t nanoseconds = 0;

  double seconds() const { return static_cast<double>(nanoseconds) / 1e9; }
  double milliseconds() const { return static_cast<double>(nanoseconds) / 1e6; }
  // Rounded up, so that a wait of this length never ends early. For poll(2).
  int poll_milliseconds() const;
  // Rounded to the nanosecond; held within what parse_duration takes several times over.
  Duration scaled(double factor) const;

  friend auto operator<=>(const Duration&, const Duration&) = default;
  friend Duration operator+(Duration a, Duration b) { return {a.nanoseconds + b.nanoseconds}; }
  friend Duration operator-(Duration a, Duration b) { return {a.nanoseconds - b.nanoseconds}; }
  friend Duration operator*(Duration a, std::int64_t times) { return {a.nanoseconds * times}; }
  friend Duration operator/(Duration a, std::int64_t parts) { return {a.nanoseconds / parts}; }
};

constexpr Duration nanoseconds(std::int64_t n) {
  return {n};
}
constexpr Duration microseconds(std::int64_t n) {
  return {n * 1'000};
}
constexpr Duration milliseconds(std::int64_t n) {
  return {n * 1'000'000};
}
constexpr Duration seconds(std::int64_t n) {
  return {n * 1'000'000'000};
}
constexpr Duration minutes(std::int64_t n) {
  return seconds(n * 60);
}

// Takes a non-negative decimal number and one of ns, us, ms, s, min, h, d ("m" is refused as
// ambiguous). At most 100 years. Errors: Code::invalid with a hint in `next`.
Result<Duration> parse_duration(std::string_view text);

// An exact rendering that parse_duration reads back: "1.5 s", "250 ms", "2 min", "0 s".
std::string render(Duration duration);
// For people: three significant digits, "12.5 s", "831 ms", "2 min 5 s".
std::string render_rounded(Duration duration);

}  // namespace squall
