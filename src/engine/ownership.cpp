#include "engine/ownership.h"

#include <algorithm>
#include <array>

#include "core/text.h"

namespace squall::engine {
namespace {

constexpr std::array<std::string_view, 5> path_keys = {"path", "fence", "cgroup", "folder", "file"};

void collect(const json::value& value, std::string_view key, std::set<std::string>& names) {
  if (value.is_object()) {
    for (const auto& [name, member] : value.get_object()) collect(member, name, names);
  } else if (value.is_array()) {
    for (const json::value& item : value.get_array()) collect(item, key, names);
  } else if (key == "pid" && value.is_int64()) {
    names.insert(std::to_string(value.get_int64()));
  } else if (value.is_string() &&
             std::find(path_keys.begin(), path_keys.end(), key) != path_keys.end()) {
    names.insert(std::string(value.get_string()));
  }
}

// One of the two stands in the other's folder, or both are the same.
bool is_related(std::string_view one, std::string_view other) {
  const auto is_within = [](std::string_view path, std::string_view folder) {
    return path == folder || (path.starts_with(folder) && path[folder.size()] == '/');
  };
  return is_within(one, other) || is_within(other, one);
}

}  // namespace

void Touched::add(const change::Request& request) {
  collect(request.params, "", names_);
}

bool Touched::may_be_ours(const std::string& difference) const {
  const std::vector<std::string> words = split(difference, ' ');
  if (words.size() < 2) return true;
  if (words[0] == "process") return names_.contains(words[1]);
  if (words[0] != "cgroup") return true;
  return std::any_of(names_.begin(), names_.end(), [&](const std::string& name) {
    if (name.starts_with('/')) return is_related(name, words[1]);
    return (words[1] + "/").find("/" + name + "/") != std::string::npos;  // a group by its name
  });
}

}  // namespace squall::engine
