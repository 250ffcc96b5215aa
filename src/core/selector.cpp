#include "core/selector.h"

#include <fmt/core.h>

namespace squall {

std::string describe(const Selector& selector) {
  std::string text;
  const auto add = [&](std::string_view what, const std::string& value) {
    if (value.empty()) return;
    if (!text.empty()) text += ", ";
    text += fmt::format("{} {}", what, value);
  };
  add("name", selector.name);
  add("command line with", selector.command_line);
  add("pid", selector.pid != 0 ? std::to_string(selector.pid) : "");
  add("pid file", selector.pid_file);
  add("unit", selector.unit);
  add("cgroup", selector.cgroup);
  add("parent", selector.parent != 0 ? std::to_string(selector.parent) : "");
  add("user", selector.user);
  add("port", selector.port != 0 ? std::to_string(selector.port) : "");
  add("container", selector.container);
  if (selector.pick != "all") text += "; pick " + selector.pick;
  return text;
}

}  // namespace squall
