#include "witness/disk_limit.h"

#include <algorithm>
#include <charconv>
#include <vector>

#include <fmt/core.h>

#include "core/text.h"
#include "core/units.h"

namespace squall::witness {
namespace {

double number_in(std::string_view word) {
  double number = 0;
  const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
  return problem == std::errc() && number > 0 ? number : no_limit;
}

std::vector<std::string> words_about(std::string_view text, std::string_view device) {
  for (const std::string& line : split(text, '\n')) {
    std::vector<std::string> words = split(trim(line), ' ');
    if (words[0] == device) return words;
  }
  return {};
}

}  // namespace

double parse_v1_limit(std::string_view text, std::string_view device) {
  const std::vector<std::string> words = words_about(text, device);
  return words.size() == 2 ? number_in(words[1]) : no_limit;
}

PerSecond parse_v2_limits(std::string_view text, std::string_view device) {
  constexpr std::array<std::string_view, 4> keys{"rbps=", "wbps=", "riops=", "wiops="};
  PerSecond limits = no_limits;
  for (const std::string& word : words_about(text, device)) {
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (word.starts_with(keys[i])) limits[i] = number_in(word.substr(keys[i].size()));
    }
  }
  return limits;
}

std::string describe_limits(const PerSecond& limits) {
  constexpr std::array<std::string_view, 4> verbs{"read", "write", "read", "write"};
  std::string text;
  for (std::size_t i = 0; i < limits.size(); ++i) {
    if (limits[i] == no_limit) continue;
    const std::string amount =
        i < 2 ? render_rounded(Bytes{static_cast<std::uint64_t>(limits[i])}) + "/s"
              : fmt::format("{:g} times a second", limits[i]);
    text += fmt::format("{}{} at most {}", text.empty() ? "" : ", ", verbs[i], amount);
  }
  return text.empty() ? "no limit" : text;
}

PerSecond tighter(const PerSecond& one, const PerSecond& other) {
  PerSecond tightest;
  for (std::size_t i = 0; i < tightest.size(); ++i) tightest[i] = std::min(one[i], other[i]);
  return tightest;
}

}  // namespace squall::witness
