#include "sys/fingerprint.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>

#include "core/digest.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/fingerprint_parts.h"

namespace squall::sys {
namespace {

using Items = FingerprintItems;

void note_named_network(const std::string& name, Items& items) {
  const bool is_path = name.find('/') != std::string::npos;
  const Result<Fd> fd = open_file(is_path ? name : "/run/netns/" + name, O_RDONLY);
  if (!fd.ok()) {
    items["unreadable netns " + name] = fd.error().message;
    return;
  }
  note_network(fmt::format("netns {} ", name), fd->get(), items);
}

// "4711@123456 nofile" -> {"4711@123456", "nofile"}
struct OfProcess {
  std::string id;
  std::string rest;
};
OfProcess split_process(std::string_view text) {
  const std::size_t blank = text.find(' ');
  if (blank == std::string_view::npos) return {std::string(text), ""};
  return {std::string(text.substr(0, blank)), std::string(text.substr(blank + 1))};
}

const std::string* find_item(const Items& items, const std::string& key) {
  const auto found = items.find(key);
  return found == items.end() ? nullptr : &found->second;
}

// One item that is not the same on both sides; absent where it is not there.
struct Difference {
  std::string_view key;
  const std::string* before = nullptr;
  const std::string* after = nullptr;
};

// "process 4711 (redis-server)"
std::string process_words(const std::string& id, const Items& items) {
  const std::string* name = find_item(items, "process " + id);
  return fmt::format("process {} ({})", id.substr(0, id.find('@')),
                     name == nullptr ? "?" : printable(*name));
}

std::optional<std::string> stopped_sentence(const Difference& difference, const Items& before,
                                            const Items& after) {
  const std::string id = split_process(difference.key.substr(8)).id;
  const bool lived = before.contains("process " + id);
  if (difference.after != nullptr) {
    return fmt::format("{} {} stopped", process_words(id, after),
                       lived ? "ran before and is" : "is new and");
  }
  if (!after.contains("process " + id)) return std::nullopt;  // it ended meanwhile
  return fmt::format("{} was stopped before and runs", process_words(id, after));
}

std::optional<std::string> limit_sentence(const Difference& difference, const Items& after) {
  if (difference.before == nullptr || difference.after == nullptr) return std::nullopt;
  const OfProcess limit = split_process(difference.key.substr(6));
  return fmt::format("{} has the limit {} {}, before {}", process_words(limit.id, after),
                     limit.rest, *difference.after, *difference.before);
}

std::optional<std::string> schedule_sentence(const Difference& difference, const Items& after) {
  if (difference.before == nullptr || difference.after == nullptr) return std::nullopt;
  const OfProcess schedule = split_process(difference.key.substr(9));
  return fmt::format("{} has the {} {}, before {}", process_words(schedule.id, after),
                     schedule.rest, *difference.after, *difference.before);
}

std::string plain_sentence(const Difference& difference) {
  const std::string key = printable(difference.key);
  if (difference.before == nullptr) {
    return fmt::format("{} is new: {}", key, printable(*difference.after));
  }
  if (difference.after == nullptr) {
    return fmt::format("{} is gone, before: {}", key, printable(*difference.before));
  }
  return fmt::format("{} is now: {}, before: {}", key, printable(*difference.after),
                     printable(*difference.before));
}

// What could be read on one side only cannot be compared, and is told. The same on both sides is
// what this user may not see, and stays silent.
std::optional<std::string> unreadable_sentence(const Difference& difference) {
  if (difference.before != nullptr && difference.after != nullptr) return std::nullopt;
  const bool was_before = difference.before != nullptr;
  return fmt::format("{} could not be read {} the run and so not be compared: {}",
                     printable(difference.key.substr(11)), was_before ? "before" : "after",
                     printable(was_before ? *difference.before : *difference.after));
}

// Whether an item belongs to what was unreadable on either side.
bool is_covered(std::string_view key, const std::vector<std::string>& unreadable) {
  return std::any_of(unreadable.begin(), unreadable.end(), [key](const std::string& words) {
    return key.starts_with(words) && (key.size() == words.size() || key[words.size()] == ' ');
  });
}

std::optional<std::string> sentence(const Difference& difference, const Items& before,
                                    const Items& after) {
  const std::string_view key = difference.key;
  if (key.starts_with("process ")) return std::nullopt;
  if (key.starts_with("stopped ")) return stopped_sentence(difference, before, after);
  if (key.starts_with("limit ")) return limit_sentence(difference, after);
  if (key.starts_with("schedule ")) return schedule_sentence(difference, after);
  if (key.starts_with("unreadable ")) return unreadable_sentence(difference);
  if (key.starts_with("cgroup ")) {
    const bool is_ours = difference.after != nullptr && *difference.after == "exists";
    const bool on_both = difference.before != nullptr && difference.after != nullptr;
    if (!is_ours && !on_both) return std::nullopt;
  }
  return plain_sentence(difference);
}

// Every item that is on one side only or differs, in the order of keys.
std::vector<Difference> unequal(const Items& before, const Items& after) {
  std::vector<Difference> found;
  auto left = before.begin();
  auto right = after.begin();
  while (left != before.end() || right != after.end()) {
    const bool only_left =
        right == after.end() || (left != before.end() && left->first < right->first);
    const bool only_right =
        left == before.end() || (right != after.end() && right->first < left->first);
    if (only_left) {
      found.push_back({left->first, &left->second, nullptr});
      ++left;
    } else if (only_right) {
      found.push_back({right->first, nullptr, &right->second});
      ++right;
    } else {
      if (left->second != right->second)
        found.push_back({left->first, &left->second, &right->second});
      ++left;
      ++right;
    }
  }
  return found;
}

}  // namespace

Result<Fingerprint> take_fingerprint(const FingerprintScope& scope) {
  Fingerprint fingerprint;
  TRY_VOID(note_processes(scope.every_process_limit, fingerprint.items),
           "taking the fingerprint of the host");
  note_cgroups(fingerprint.items);
  note_mounts(fingerprint.items);
  note_network("", std::nullopt, fingerprint.items);
  for (const std::string& name : scope.network_namespaces) {
    note_named_network(name, fingerprint.items);
  }
  for (const std::string& path : scope.files) note_file(path, fingerprint.items);
  return fingerprint;
}

std::vector<std::string> differences(const Fingerprint& before, const Fingerprint& after) {
  std::vector<std::string> unreadable;
  for (const Items* items : {&before.items, &after.items}) {
    for (const auto& [key, reason] : *items) {
      if (key.starts_with("unreadable ")) unreadable.push_back(key.substr(11));
    }
  }
  std::vector<std::string> sentences;
  for (const Difference& difference : unequal(before.items, after.items)) {
    if (is_covered(difference.key, unreadable)) continue;
    if (auto text = sentence(difference, before.items, after.items)) {
      sentences.push_back(std::move(*text));
    }
  }
  return sentences;
}

std::string digest(const Fingerprint& fingerprint) {
  constexpr std::array<std::string_view, 5> bound_to_processes = {"process ", "limit ", "schedule ",
                                                                  "cgroup ", "unreadable "};
  Sha256 hash;
  for (const auto& [key, value] : fingerprint.items) {
    // Named anew, because clang lets no lambda capture a structured binding before C++23.
    const auto is_prefix = [&name = key](std::string_view word) { return name.starts_with(word); };
    const bool passes =
        std::none_of(bound_to_processes.begin(), bound_to_processes.end(), is_prefix);
    if (!passes) continue;
    for (const std::string* text : {&key, &value}) {
      hash.update(fmt::format("{}:", text->size()));  // the length first: no two lists look alike
      hash.update(*text);
    }
  }
  return hash.finish_hex();
}

}  // namespace squall::sys
