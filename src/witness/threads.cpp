#include "witness/threads.h"

#include <fmt/core.h>

#include "sys/file.h"

namespace squall::witness {
namespace {

bool has_ended(const std::string& thread) {
  const Result<std::string> text = sys::read_file(thread + "/stat", 65536);
  const std::optional<Stat> stat = text.ok() ? parse_stat(*text) : std::nullopt;
  return !stat || stat->state == 'Z' || stat->state == 'X';
}

}  // namespace

Result<ThreadCount> count_threads(
    const Subject& subject, const std::string& name,
    const std::function<std::optional<bool>(std::string_view)>& matches) {
  ThreadCount count;
  const std::string folder = subject.path("task");
  const Result<std::vector<std::string>> threads = sys::list_folder(folder);
  if (!threads.ok() && subject.has_ended()) return count;
  if (!threads.ok()) return Error(threads.error());
  for (const std::string& number : *threads) {
    const std::string thread = folder + "/" + number;
    const Result<std::string> text = sys::read_file(thread + "/" + name, 1 << 20);
    if (!text.ok() || has_ended(thread)) continue;
    const std::optional<bool> is_matching = matches(*text);
    if (!is_matching) {
      return error(Code::failed, fmt::format("{}/{} cannot be understood", thread, name));
    }
    ++(*is_matching ? count.matching : count.others);
  }
  if (subject.has_ended()) return ThreadCount{};
  return count;
}

}  // namespace squall::witness
