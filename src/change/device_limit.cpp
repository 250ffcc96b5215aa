#include "change/device_limit.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <vector>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::change {
namespace {

constexpr std::string_view v2_name = "io.max";
constexpr std::array<std::string_view, 4> v1_names{
    "blkio.throttle.read_bps_device", "blkio.throttle.write_bps_device",
    "blkio.throttle.read_iops_device", "blkio.throttle.write_iops_device"};
constexpr std::array<std::string_view, 4> v2_keys{"rbps", "wbps", "riops", "wiops"};

bool is_number(std::string_view text, std::uint64_t least) {
  std::uint64_t value = 0;
  const char* end = text.data() + text.size();
  const auto [rest, problem] = std::from_chars(text.data(), end, value);
  return problem == std::errc() && rest == end && value >= least;
}

bool is_device(std::string_view text) {
  const std::size_t colon = text.find(':');
  return colon != std::string_view::npos && is_number(text.substr(0, colon), 0) &&
         is_number(text.substr(colon + 1), 0);
}

// The limits of one line of io.max, in the order of v2_keys; what it does not name is nothing.
using Limits = std::array<std::string, 4>;
std::optional<Limits> parse_limits(const std::vector<std::string>& words) {
  Limits limits;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const std::size_t sign = words[i].find('=');
    const auto* key = std::find(v2_keys.begin(), v2_keys.end(), words[i].substr(0, sign));
    if (sign == std::string::npos || key == v2_keys.end()) return std::nullopt;
    std::string value = words[i].substr(sign + 1);
    if (value != "max" && !is_number(value, 1)) return std::nullopt;
    limits[static_cast<std::size_t>(key - v2_keys.begin())] = std::move(value);
  }
  return limits;
}

std::string render(std::string_view device, const Limits& limits) {
  std::string line(device);
  for (std::size_t i = 0; i < limits.size(); ++i) {
    line += fmt::format(" {}={}", v2_keys[i], limits[i].empty() ? "max" : limits[i]);
  }
  return line;
}

std::string device_of(std::string_view value) {
  return split(value, ' ')[0];
}

}  // namespace

bool is_device_limit(std::string_view name) {
  return name == v2_name || std::find(v1_names.begin(), v1_names.end(), name) != v1_names.end();
}

bool is_device_limit_value(std::string_view name, std::string_view value) {
  const std::vector<std::string> words = split(value, ' ');
  if (!is_device(words[0]) || words.size() < 2) return false;
  if (name == v2_name) return parse_limits(words).has_value();
  return words.size() == 2 && is_number(words[1], 0);
}

std::string unlimited_device(std::string_view name, std::string_view value) {
  const std::string device = device_of(value);
  return name == v2_name ? render(device, {}) : device + " 0";
}

std::string device_line(std::string_view name, std::string_view text, std::string_view value) {
  const std::string device = device_of(value);
  for (const std::string& whole : split(text, '\n')) {
    const std::vector<std::string> words = split(trim(whole), ' ');
    if (words[0] != device) continue;
    if (name != v2_name) return std::string(trim(whole));
    return render(device, parse_limits(words).value_or(Limits{}));
  }
  return unlimited_device(name, value);
}

std::string device_line_after(std::string_view name, std::string_view before,
                              std::string_view value) {
  if (name != v2_name) return std::string(value);
  Limits limits = parse_limits(split(before, ' ')).value_or(Limits{});
  const Limits written = parse_limits(split(value, ' ')).value_or(Limits{});
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (!written[i].empty()) limits[i] = written[i];
  }
  return render(device_of(value), limits);
}

}  // namespace squall::change
