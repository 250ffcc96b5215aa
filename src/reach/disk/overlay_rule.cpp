#include "reach/disk/overlay_rule.h"

#include <algorithm>
#include <cerrno>
#include <utility>

#include <fmt/core.h>

#include "core/choices.h"
#include "core/text.h"

namespace squall::reach {
namespace {

constexpr std::array<std::string_view, file_works> names_of_works{"read", "write",         "sync",
                                                                  "open", "open_to_write", "names"};
constexpr std::array<std::pair<std::string_view, int>, 12> errors{{
    {"EIO", EIO},
    {"ENOSPC", ENOSPC},
    {"EDQUOT", EDQUOT},
    {"EROFS", EROFS},
    {"EACCES", EACCES},
    {"EPERM", EPERM},
    {"EBUSY", EBUSY},
    {"EAGAIN", EAGAIN},
    {"ENOMEM", ENOMEM},
    {"ENFILE", ENFILE},
    {"ESTALE", ESTALE},
    {"ETIMEDOUT", ETIMEDOUT},
}};
constexpr std::uint64_t sector = 512;  // what a disk writes whole or not at all
constexpr std::size_t remembered = 2048;

// A part of a write that ends between two sectors, or, of a small one, between two bytes.
std::uint64_t torn_size(std::uint64_t size, const Choices& choices, std::string_view path,
                        std::uint64_t number) {
  const std::uint64_t unit = size > sector ? sector : 1;
  const std::uint64_t pieces = (size + unit - 1) / unit;
  return pieces == 0 ? 0 : choices.below(pieces, path, "torn", number) * unit;
}

}  // namespace

Result<std::array<bool, file_works>> parse_works(const std::vector<std::string>& words) {
  std::array<bool, file_works> works{};
  for (const std::string& word : words) {
    const auto* found = std::find(names_of_works.begin(), names_of_works.end(), word);
    if (found == names_of_works.end()) {
      return error(Code::invalid, fmt::format("{} is no operation on files", quote(word)),
                   "use read, write, sync, open, open_to_write or names");
    }
    works[static_cast<std::size_t>(found - names_of_works.begin())] = true;
  }
  return works;
}

Result<int> parse_file_error(const std::string& name) {
  for (const auto& [word, number] : errors) {
    if (word == name) return number;
  }
  return error(Code::invalid, fmt::format("{} is no error that files give here", quote(name)),
               "use EIO, ENOSPC or EROFS, for example");
}

std::shared_ptr<FileCounts> OverlayJudge::counts_of(std::string_view path) {
  if (!rule_.files.empty() && !glob_matches(rule_.files, path)) return nullptr;
  std::string name(path);
  const std::lock_guard lock(mutex_);
  std::shared_ptr<FileCounts>& counts = recent_[name];
  if (counts != nullptr) return counts;
  const auto older = older_.find(name);
  if (older != older_.end()) {
    counts = older->second;
  } else {
    counts = std::make_shared<FileCounts>();
    counts->path = std::move(name);
  }
  std::shared_ptr<FileCounts> result = counts;
  if (recent_.size() >= remembered) older_ = std::exchange(recent_, {});
  return result;
}

Fate OverlayJudge::decide(FileWork work, FileCounts* counts, std::uint64_t size) {
  const auto kind = static_cast<std::size_t>(work);
  if (counts == nullptr || !rule_.works[kind] || is_resting_) return {};
  const std::uint64_t number = counts->numbers[kind]++;
  ++asked_;
  const Choices choices(rule_.seed, std::string(names_of_works[kind]));
  if (choices.unit(counts->path, "hit", number) >= rule_.share.fraction) return {};
  ++hit_;
  Fate fate{.delay = rule_.delay};
  if (rule_.effect == OverlayEffect::fail) fate.error = rule_.error;
  if (rule_.effect == OverlayEffect::lose) fate.lands = 0;
  if (rule_.effect == OverlayEffect::hold) fate.is_held = true;
  if (rule_.effect == OverlayEffect::tear) {
    fate.lands = torn_size(size, choices, counts->path, number);
  }
  return fate;
}

}  // namespace squall::reach
