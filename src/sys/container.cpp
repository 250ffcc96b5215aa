#include "sys/container.h"

#include <algorithm>

#include <fmt/core.h>

#include "sys/file.h"

namespace squall::sys {
namespace {

constexpr std::size_t id_length = 64;
constexpr std::string_view digits = "0123456789abcdef";

}  // namespace

std::vector<std::string> container_ids(std::string_view proc_cgroup) {
  std::vector<std::string> ids;
  std::size_t at = 0;
  while ((at = proc_cgroup.find_first_of(digits, at)) != std::string_view::npos) {
    const std::size_t end = std::min(proc_cgroup.find_first_not_of(digits, at), proc_cgroup.size());
    std::string run(proc_cgroup.substr(at, end - at));
    const bool is_new = std::find(ids.begin(), ids.end(), run) == ids.end();
    if (run.size() == id_length && is_new) ids.push_back(std::move(run));
    at = end;
  }
  return ids;
}

bool is_in_container(std::int64_t pid, std::string_view id) {
  const Result<std::string> text = read_file(fmt::format("/proc/{}/cgroup", pid), 1 << 20);
  if (!text.ok()) return false;
  const std::vector<std::string> ids = container_ids(*text);
  return std::any_of(ids.begin(), ids.end(),
                     [&](const std::string& one) { return one.starts_with(id); });
}

}  // namespace squall::sys
