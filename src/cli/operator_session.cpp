#include "cli/operator_session.h"

#include <cstdlib>
#include <string_view>

#include <fmt/core.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::cli {

std::string find_ssh_connection() {
  constexpr std::string_view name = "SSH_CONNECTION=";
  if (const char* own = std::getenv("SSH_CONNECTION")) return own;
  for (const std::int64_t pid : sys::ancestors(::getpid())) {
    const auto environment = sys::read_file(fmt::format("/proc/{}/environ", pid));
    if (!environment.ok()) continue;
    for (const std::string& variable : split(*environment, '\0')) {
      if (variable.starts_with(name)) return variable.substr(name.size());
    }
  }
  return {};
}

}  // namespace squall::cli
