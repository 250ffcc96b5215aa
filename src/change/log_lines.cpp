#include "change/log_lines.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/check.h"

namespace squall::change {
namespace {

constexpr std::size_t certain_size = 8;

void fill_in(std::string& text, std::string_view name, const std::string& value) {
  for (std::size_t at = text.find(name); at != std::string::npos;
       at = text.find(name, at + value.size())) {
    text.replace(at, name.size(), value);
  }
}

// Letters in words, as a log has them: compressible, but not trivially.
void add_letters(std::string& text, std::size_t count, std::uint64_t bits) {
  for (std::size_t i = 0; i < count; ++i) {
    bits ^= bits << 13U;  // xorshift64 (Marsaglia 2003)
    bits ^= bits >> 7U;
    bits ^= bits << 17U;
    text += bits % 7 == 0 ? ' ' : static_cast<char>('a' + (bits >> 32U) % 26);
  }
}

}  // namespace

std::string LogLines::line(std::int64_t number) const {
  CHECK(!templates.empty() && number >= 0, "there is a line of that number");
  const auto index = static_cast<std::uint64_t>(number);
  const std::uint64_t bits =
      Choices(static_cast<std::uint64_t>(seed), "log line").bits("", "random", index);
  std::string text = templates[index % templates.size()];
  fill_in(text, "{n}", std::to_string(number));
  fill_in(text, "{random}", fmt::format("{:016x}", bits));
  const std::string end = " " + tag + "\n";
  if (size.count > 0) {
    const std::size_t wanted = size.count > end.size() ? size.count - end.size() : 0;
    if (text.size() < wanted) {
      text += ' ';
      add_letters(text, wanted - text.size(), bits | 1U);
    }
    text.resize(wanted);
  }
  return text + end;
}

OwnTail find_own_tail(const LogLines& lines, std::int64_t count, std::string_view appended) {
  OwnTail found;
  for (std::size_t at = appended.find(lines.tag); at != std::string_view::npos;
       at = appended.find(lines.tag, at + lines.tag.size())) {
    ++found.tags;
  }
  const std::string first = lines.line(0);
  found.begin = appended.find(first);
  if (found.begin == std::string_view::npos) {
    // The writer may have died within its first line. A few letters at the end of what others wrote
    // may be the same by chance.
    for (std::size_t size = std::min(first.size() - 1, appended.size()); size > 0; --size) {
      if (!appended.ends_with(std::string_view(first).substr(0, size))) continue;
      if (size < certain_size && size < appended.size()) break;
      return {appended.size() - size, true, found.tags};
    }
    return {appended.size(), false, found.tags};
  }
  std::string_view rest = appended.substr(found.begin);
  for (std::int64_t number = 0; number < count && !rest.empty(); ++number) {
    const std::string line = lines.line(number);
    const std::size_t size = std::min(line.size(), rest.size());
    if (rest.substr(0, size) != std::string_view(line).substr(0, size)) return found;
    rest.remove_prefix(size);
  }
  found.is_last = rest.empty();
  return found;
}

}  // namespace squall::change
