#include "faults/victims.h"

#include <map>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::fault {

Status require_victims(const Facts& facts, const Selector& selector) {
  if (!facts.victims.empty()) return ok();
  return error(Code::not_found,
               fmt::format("no process matches {}", printable(squall::describe(selector))),
               "is it running? the name is the kernel's own (ps -o comm), at most 15 characters; "
               "command_line matches a text anywhere in its arguments");
}

std::string describe(const sys::Process& victim) {
  return fmt::format("{} (pid {})", printable(victim.name), victim.id.pid);
}

std::string describe(const std::vector<sys::Process>& victims) {
  constexpr std::size_t shown = 4;
  std::vector<std::string> names;
  for (const sys::Process& victim : victims) {
    if (names.size() == shown) break;
    names.push_back(describe(victim));
  }
  if (victims.size() > shown) names.push_back(fmt::format("{} more", victims.size() - shown));
  return names.empty() ? "nobody" : list_words(names, "and");
}

json::object identity(const sys::Process& victim) {
  return {{"pid", victim.id.pid},
          {"start_ticks", static_cast<std::int64_t>(victim.id.start_ticks)}};
}

std::vector<std::string> choice_names(const std::vector<sys::Process>& victims) {
  std::map<std::string, int> seen;
  std::vector<std::string> names;
  for (const sys::Process& victim : victims) {
    const std::string& line = victim.command_line.empty() ? victim.name : victim.command_line;
    names.push_back(fmt::format("{}#{}", line, seen[line]++));
  }
  return names;
}

}  // namespace squall::fault
