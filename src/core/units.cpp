#include "core/units.h"

#include <array>
#include <charconv>
#include <cmath>

#include <fmt/core.h>

#include "core/text.h"

namespace squall {
namespace {

struct ByteUnit {
  std::string_view name;
  std::uint64_t size;
};
constexpr std::array<ByteUnit, 9> byte_units = {{
    {"B", 1},
    {"KiB", 1ULL << 10},
    {"MiB", 1ULL << 20},
    {"GiB", 1ULL << 30},
    {"TiB", 1ULL << 40},
    {"kB", 1'000ULL},
    {"MB", 1'000'000ULL},
    {"GB", 1'000'000'000ULL},
    {"TB", 1'000'000'000'000ULL},
}};
constexpr std::int64_t bytes_max = 1LL << 60;

// Twelve significant digits hide the last bit that a change of unit costs: 0.07 * 100 is
// 7.000000000000001. Written without an exponent, which no parse here would take.
std::string render_twelve_digits(double number) {
  const std::string rounded = fmt::format("{:.12g}", number);
  double nearest = number;
  std::from_chars(rounded.data(), rounded.data() + rounded.size(), nearest);
  return render_number(nearest);
}

}  // namespace

std::string render_number(double number) {
  std::array<char, 400> buffer;
  auto [end, code] =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), number, std::chars_format::fixed);
  CHECK(code == std::errc(), "a double needs at most 400 characters");
  return std::string(buffer.data(), end);
}

Result<Quantity> parse_quantity(std::string_view text) {
  text = trim(text);
  Quantity quantity;
  const char* begin = text.data();
  const char* end = text.data() + text.size();
  auto [rest, code] = std::from_chars(begin, end, quantity.number, std::chars_format::fixed);
  if (code != std::errc() || !std::isfinite(quantity.number) ||
      (begin != end && !(*begin == '-' || (*begin >= '0' && *begin <= '9')))) {
    return error(Code::invalid, fmt::format("{} does not start with a number", quote(text)));
  }
  quantity.number_text = std::string(begin, rest);
  quantity.unit = std::string(trim(std::string_view(rest, static_cast<std::size_t>(end - rest))));
  return quantity;
}

std::optional<std::int64_t> scale_exactly(const Quantity& quantity, std::int64_t unit) {
  constexpr unsigned __int128 limit = static_cast<unsigned __int128>(1) << 62;
  constexpr std::size_t fraction_digits_used = 18;
  CHECK(unit > 0, "a unit is positive");
  if (quantity.number < 0) return std::nullopt;
  unsigned __int128 total = 0;
  unsigned __int128 fraction = 0;
  unsigned __int128 fraction_scale = 1;
  std::size_t fraction_digits = 0;
  bool is_in_fraction = false;
  for (const char letter : quantity.number_text) {
    if (letter == '.') is_in_fraction = true;
    if (letter < '0' || letter > '9') continue;
    const auto digit = static_cast<unsigned>(letter - '0');
    if (!is_in_fraction) {
      total = total * 10 + digit;
      if (total > limit) return std::nullopt;
    } else if (fraction_digits++ < fraction_digits_used) {
      fraction = fraction * 10 + digit;
      fraction_scale *= 10;
    }
  }
  const auto wide_unit = static_cast<unsigned __int128>(unit);
  total = total * wide_unit + (fraction * wide_unit + fraction_scale / 2) / fraction_scale;
  if (total > limit) return std::nullopt;
  return static_cast<std::int64_t>(total);
}

Result<Bytes> parse_bytes(std::string_view text) {
  const Quantity quantity = TRY(parse_quantity(text));
  if (quantity.number < 0) return error(Code::invalid, "a size cannot be negative");
  if (quantity.unit.empty()) {
    return error(Code::invalid, fmt::format("the size {} has no unit", quote(trim(text))),
                 fmt::format("write for example \"{} MiB\"", quantity.number_text));
  }
  for (const ByteUnit& unit : byte_units) {
    if (unit.name != quantity.unit) continue;
    const auto count = scale_exactly(quantity, static_cast<std::int64_t>(unit.size));
    if (!count || *count > bytes_max) {
      return error(Code::invalid, "the size is larger than 2^60 bytes");
    }
    return Bytes{static_cast<std::uint64_t>(*count)};
  }
  return error(Code::invalid, fmt::format("{} is not a unit of size", quote(quantity.unit)),
               "use B, KiB, MiB, GiB, TiB, kB, MB, GB or TB");
}

std::string render(Bytes bytes) {
  constexpr std::array<std::size_t, 5> binary = {4, 3, 2, 1, 0};
  for (const std::size_t index : binary) {
    const ByteUnit& unit = byte_units[index];
    if (bytes.count != 0 && bytes.count % unit.size == 0) {
      return fmt::format("{} {}", bytes.count / unit.size, unit.name);
    }
  }
  return fmt::format("{} B", bytes.count);
}

std::string render_rounded(Bytes bytes) {
  constexpr std::array<std::size_t, 4> binary = {4, 3, 2, 1};
  for (const std::size_t index : binary) {
    const ByteUnit& unit = byte_units[index];
    if (bytes.count >= unit.size) {
      const double value = static_cast<double>(bytes.count) / static_cast<double>(unit.size);
      // 1000 to 1023 of a unit have four digits, which %g would write with an exponent.
      return value >= 999.5 ? fmt::format("{:.0f} {}", value, unit.name)
                            : fmt::format("{:.3g} {}", value, unit.name);
    }
  }
  return fmt::format("{} B", bytes.count);
}

Result<Share> parse_share(std::string_view text) {
  const Quantity quantity = TRY(parse_quantity(text));
  if (quantity.number < 0) return error(Code::invalid, "a share cannot be negative");
  if (quantity.unit == "ppm") return Share{quantity.number / 1e6};
  if (quantity.unit != "%") {
    return error(Code::invalid, fmt::format("the share {} has no percent sign", quote(text)),
                 "write for example \"30 %\"");
  }
  return Share{quantity.number / 100.0};
}

std::string render(Share share) {
  return render_twelve_digits(share.fraction * 100.0) + " %";
}

Result<Rate> parse_rate(std::string_view text) {
  const Quantity quantity = TRY(parse_quantity(text));
  if (quantity.number < 0) return error(Code::invalid, "a rate cannot be negative");
  if (quantity.unit == "/s") return Rate{quantity.number};
  if (quantity.unit == "/min") return Rate{quantity.number / 60.0};
  if (quantity.unit == "/h") return Rate{quantity.number / 3600.0};
  return error(Code::invalid, fmt::format("{} is not a rate", quote(text)),
               "write for example \"100 /s\", \"6 /min\" or \"2 /h\"");
}

std::string render(Rate rate) {
  return render_twelve_digits(rate.per_second) + " /s";
}

}  // namespace squall
