#include "sys/controllers.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/check.h"
#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

// Version 1 spells "no limit" as the largest number of whole pages.
constexpr std::uint64_t no_limit = 1ULL << 62;

bool has_word(std::string_view text, std::string_view word) {
  const std::vector<std::string> words = split(trim(text), ' ');
  return std::find(words.begin(), words.end(), word) != words.end();
}

bool carries(const CgroupHierarchy& hierarchy, std::string_view controller) {
  if (!hierarchy.is_v2) {
    return std::find(hierarchy.options.begin(), hierarchy.options.end(), controller) !=
           hierarchy.options.end();
  }
  const Result<std::string> offered = read_file(hierarchy.mount + "/cgroup.controllers", 4096);
  return offered.ok() && has_word(*offered, controller);
}

// How the two versions call the files of a controller.
struct Names {
  std::string_view used;
  std::string_view limit;
};

Names names_of(std::string_view controller, bool is_v2) {
  if (controller == "pids") return {"pids.current", "pids.max"};
  CHECK(controller == "memory", "only these two are asked for");
  if (is_v2) return {"memory.current", "memory.max"};
  return {"memory.usage_in_bytes", "memory.limit_in_bytes"};
}

}  // namespace

std::optional<CgroupHierarchy> hierarchy_with(std::string_view controller) {
  const Result<std::string> mountinfo = read_file("/proc/thread-self/mountinfo");
  if (!mountinfo.ok()) return std::nullopt;
  for (CgroupHierarchy& hierarchy : parse_cgroup_mounts(*mountinfo)) {
    if (carries(hierarchy, controller)) return std::move(hierarchy);
  }
  return std::nullopt;
}

std::vector<std::string> groups_upward(std::string directory, const CgroupHierarchy& hierarchy) {
  std::vector<std::string> groups = {directory};
  while (directory.size() > hierarchy.mount.size()) {
    directory = folder_of(directory);
    groups.push_back(directory);
  }
  return groups;
}

std::optional<std::uint64_t> group_number(const std::string& directory, std::string_view file,
                                          std::string_view key) {
  const Result<std::string> text = read_file(fmt::format("{}/{}", directory, file), 1 << 16);
  if (!text.ok()) return std::nullopt;
  for (const std::string& line : split(*text, '\n')) {
    std::string_view word = trim(line);
    if (!key.empty()) {
      if (!word.starts_with(key) || word.size() == key.size() || word[key.size()] != ' ') continue;
      word = trim(word.substr(key.size()));
    }
    std::uint64_t value = 0;
    const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), value);
    const bool is_number = problem == std::errc() && rest == word.data() + word.size();
    return is_number && value < no_limit ? std::optional(value) : std::nullopt;
  }
  return std::nullopt;
}

std::optional<GroupUse> group_use(std::string_view controller, const std::string& directory,
                                  const CgroupHierarchy& hierarchy) {
  const Names names = names_of(controller, hierarchy.is_v2);
  const std::optional<std::uint64_t> used = group_number(directory, names.used);
  if (!used) return std::nullopt;
  return GroupUse{*used, group_number(directory, names.limit)};
}

}  // namespace squall::sys
