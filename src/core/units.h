// Sizes, shares and rates: numbers that are never written without their unit.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/result.h"

namespace squall {

struct Bytes {
  std::uint64_t count = 0;
  friend auto operator<=>(const Bytes&, const Bytes&) = default;
};
// "512 B", "64 KiB", "2 GiB", and the decimal "10 kB", "5 MB", "1 GB". Whole bytes, at most 2^60.
Result<Bytes> parse_bytes(std::string_view text);
std::string render(Bytes bytes);
std::string render_rounded(Bytes bytes);

// A part of a whole, 0 to 1, written "30 %" or "500 ppm", never negative. Loads of several cores
// may go past 100 %. Rendered in percent to twelve significant digits, like a rate.
struct Share {
  double fraction = 0;
  friend auto operator<=>(const Share&, const Share&) = default;
};
Result<Share> parse_share(std::string_view text);
std::string render(Share share);

// Events in a unit of time, written "100 /s" or "6 /min".
struct Rate {
  double per_second = 0;
  friend auto operator<=>(const Rate&, const Rate&) = default;
};
Result<Rate> parse_rate(std::string_view text);
std::string render(Rate rate);

// A decimal number followed by an optional unit word, split: "1.5 MiB" -> {1.5, "MiB"}.
struct Quantity {
  double number = 0;
  std::string number_text;
  std::string unit;
};
Result<Quantity> parse_quantity(std::string_view text);
// The quantity's number times `unit`, rounded to the nearest whole, computed on the decimal digits:
// a double would lose the last digits of 2^53 and more. nullopt when negative or above 2^62.
std::optional<std::int64_t> scale_exactly(const Quantity& quantity, std::int64_t unit);
// The shortest decimal text that reads back as the same double, never in exponent form.
std::string render_number(double number);

}  // namespace squall
