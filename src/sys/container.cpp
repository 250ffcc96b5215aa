#include "sys/container.h"

#include <algorithm>

#include <fmt/core.h>

#include "sys/cgroup.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

constexpr std::size_t id_length = 64;
constexpr std::size_t name_max = 255;
constexpr std::string_view digits = "0123456789abcdef";

bool is_letter_or_digit(char letter) {
  return (letter >= 'a' && letter <= 'z') || (letter >= 'A' && letter <= 'Z') ||
         (letter >= '0' && letter <= '9');
}

// The path up to the end of the part that holds the id; empty where none does.
std::string path_through(std::string_view directory, std::string_view id) {
  const std::size_t at = directory.find(id);
  if (at == std::string_view::npos) return {};
  return std::string(directory.substr(0, directory.find('/', at)));
}

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

bool is_container_name(std::string_view text) {
  const auto fits = [](char letter) {
    return is_letter_or_digit(letter) || letter == '_' || letter == '.' || letter == '-';
  };
  return !text.empty() && text.size() <= name_max && is_letter_or_digit(text.front()) &&
         std::all_of(text.begin(), text.end(), fits);
}

bool is_container_id(std::string_view text) {
  return text.size() == id_length && text.find_first_not_of(digits) == std::string_view::npos;
}

std::vector<std::string> container_groups(ProcessId main, std::string_view id) {
  std::vector<std::string> groups;
  const Result<std::string> mounts = read_file("/proc/self/mountinfo", 16 << 20);
  if (!mounts.ok() || !is_container_id(id)) return groups;
  for (const CgroupHierarchy& hierarchy : parse_cgroup_mounts(*mounts)) {
    const Result<std::string> directory = cgroup_directory_of(main, hierarchy);
    const std::string group = directory.ok() ? path_through(*directory, id) : std::string();
    if (!group.empty() && exists(group)) groups.push_back(group);
  }
  return groups;
}

std::vector<Process> container_processes(const std::vector<std::string>& groups) {
  std::vector<Process> found;
  if (groups.empty()) return found;
  for (const std::int64_t pid : cgroup_members(groups.front())) {
    Result<Process> process = read_process(pid);
    const bool lives = process.ok() && process->state != 'Z' && process->state != 'X';
    if (lives && !process->name.starts_with("runc:[")) found.push_back(std::move(*process));
  }
  std::sort(found.begin(), found.end(), [](const Process& a, const Process& b) {
    return std::pair(a.id.start_ticks, a.id.pid) < std::pair(b.id.start_ticks, b.id.pid);
  });
  return found;
}

bool is_made_up_link(std::string_view name) {
  constexpr std::string_view start = "veth";
  const bool has_start = name.starts_with(start) && name.size() >= start.size() + 7;
  return has_start && name.find_first_not_of(digits, start.size()) == std::string_view::npos;
}

bool is_made_up_namespace(std::string_view name) {
  if (name.starts_with("netns-")) return true;
  return name.size() == 12 && name.find_first_not_of(digits) == std::string_view::npos;
}

}  // namespace squall::sys
