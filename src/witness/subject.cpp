#include "witness/subject.h"

#include <charconv>

#include <fmt/core.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::witness {

Result<Subject> Subject::open(sys::ProcessId id) {
  return Subject(id, TRY(sys::open_process(id)));
}

bool Subject::has_ended() const {
  return sys::wait_for_end(pidfd_, Duration{});
}

std::string Subject::path(const std::string& name) const {
  return fmt::format("/proc/{}/{}", id_.pid, name);
}

Result<std::optional<std::string>> Subject::read(const std::string& name) const {
  Result<std::string> text = sys::read_file(path(name), 1 << 20);
  if (has_ended()) return std::optional<std::string>();
  if (!text.ok()) return std::move(text).error();
  return std::optional<std::string>(std::move(*text));
}

// The name stands in brackets and may itself hold brackets and blanks, so fields are counted from
// the last bracket: proc(5), fields 3 (state), 14 and 15 (CPU time in ticks).
std::optional<Stat> parse_stat(std::string_view text) {
  const std::size_t close = text.rfind(')');
  if (close == std::string_view::npos) return std::nullopt;
  const std::vector<std::string> fields = split(trim(text.substr(close + 1)), ' ');
  if (fields.size() < 13 || fields[0].size() != 1) return std::nullopt;
  std::uint64_t ticks = 0;
  for (const std::size_t field : {11, 12}) {
    std::uint64_t value = 0;
    const std::string& word = fields[field];
    const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    if (problem != std::errc() || rest != word.data() + word.size()) return std::nullopt;
    ticks += value;
  }
  static const double ticks_per_second = static_cast<double>(::sysconf(_SC_CLK_TCK));
  return Stat{.state = fields[0][0], .cpu_seconds = static_cast<double>(ticks) / ticks_per_second};
}

std::string describe_state(char state) {
  switch (state) {
    case 'R':
      return "R (running)";
    case 'S':
      return "S (sleeping)";
    case 'D':
      return "D (waiting for a device)";
    case 'T':
      return "T (stopped)";
    case 't':
      return "t (stopped by a debugger)";
    case 'Z':
    case 'X':
      return "Z (ended)";
    default:
      return std::string(1, state);
  }
}

}  // namespace squall::witness
