#include "faults/appended.h"

#include <fmt/core.h>

#include "core/text.h"
#include "faults/files.h"

namespace squall::fault {
namespace {

// None for so long means that no more come; lines that come slowly need more patience.
Duration quiet_time(Rate rate) {
  constexpr double lines_missed = 4;
  if (rate.per_second <= 0) return milliseconds(500);
  const double interval_ms = 1000 / rate.per_second;
  return std::max(milliseconds(300), milliseconds(std::int64_t(interval_ms * lines_missed)));
}

}  // namespace

Result<Strike> append_lines(const AppendedLines& wanted, const Facts& facts, const Choices& choices,
                            std::uint64_t ordinal) {
  TRY_VOID(existing_file(facts, wanted.path));
  const std::uint64_t bits = choices.bits(wanted.path, "lines", ordinal);
  const std::string tag = fmt::format("[squall {:08x}]", bits >> 32U);
  json::array lines;
  for (const std::string& line : wanted.lines) lines.push_back(json::string(line));
  json::object watch{{"path", wanted.path}, {"text", tag}};
  if (wanted.keep) {
    watch["until"] = "quiet";
    watch["quiet"] = render(quiet_time(wanted.rate));
  }
  return Strike{.changes = {{"file.tail",
                             {{"path", wanted.path},
                              {"lines", std::move(lines)},
                              {"tag", tag},
                              {"seed", static_cast<std::int64_t>(bits & 0xFFFFFFFFU)},
                              {"count", wanted.count},
                              {"rate", render(wanted.rate)},
                              {"size", render(wanted.size)},
                              {"keep", wanted.keep}}}},
                .watches = {{"file.lines", std::move(watch)}},
                .target = fmt::format("{} lines in {}", wanted.count, printable(wanted.path))};
}

}  // namespace squall::fault
