#include "change/thread_values.h"

#include <charconv>
#include <map>
#include <optional>
#include <utility>

#include <fmt/core.h>
#include <linux/capability.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/host.h"

namespace squall::change {
namespace {

// A thread could go on making threads while they are set; each pass leaves at most those that were
// born of one not yet set, so that two passes are enough but for a storm.
constexpr int passes_max = 20;

struct Thread {
  std::int64_t id = 0;
  std::uint64_t start_ticks = 0;
  std::string value;
};

Error gone(const sys::ProcessId& process) {
  return error(Code::not_found, fmt::format("process {} is gone", process.pid),
               "it ended by itself or was restarted; look for its successor");
}

std::optional<std::uint64_t> start_of_thread(std::int64_t process, std::int64_t thread) {
  const Result<std::string> text =
      sys::read_file(fmt::format("/proc/{}/task/{}/stat", process, thread), 65536);
  const std::size_t close = text.ok() ? text->rfind(')') : std::string::npos;
  if (close == std::string::npos) return std::nullopt;
  const std::vector<std::string> fields =
      split(trim(std::string_view(*text).substr(close + 1)), ' ');
  constexpr std::size_t start_field = 22 - 3;  // proc(5); the list begins with field 3
  std::uint64_t ticks = 0;
  if (fields.size() <= start_field) return std::nullopt;
  const std::string& word = fields[start_field];
  const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), ticks);
  if (problem != std::errc() || rest != word.data() + word.size()) return std::nullopt;
  return ticks;
}

// The living threads with their values, the first one first. Code::not_found when the process is
// gone, before or meanwhile.
Result<std::vector<Thread>> read_threads(const ThreadValue& value, const sys::ProcessId& process) {
  const Result<std::vector<std::string>> names =
      sys::list_folder(fmt::format("/proc/{}/task", process.pid));
  if (!names.ok()) return gone(process);
  std::map<std::int64_t, Thread> threads;
  for (const std::string& name : *names) {
    Thread thread;
    if (std::from_chars(name.data(), name.data() + name.size(), thread.id).ec != std::errc()) {
      continue;
    }
    const std::optional<std::uint64_t> start = start_of_thread(process.pid, thread.id);
    if (!start) continue;  // it ended meanwhile
    Result<std::string> now = value.read(thread.id);
    if (!now.ok() && now.error().code == Code::not_found) continue;
    thread.start_ticks = *start;
    thread.value = TRY(std::move(now));
    threads.emplace(thread.id, std::move(thread));
  }
  if (!sys::is_alive(process)) return gone(process);
  std::vector<Thread> in_order;
  if (auto first = threads.extract(process.pid)) in_order.push_back(std::move(first.mapped()));
  for (auto& [id, thread] : threads) in_order.push_back(std::move(thread));
  return in_order;
}

// What each thread had before, and what those get that were born since.
class Record {
 public:
  explicit Record(const json::object& before) {
    const json::array* threads = array_at(before, "threads");
    CHECK(threads != nullptr && !threads->empty(), "a process has threads");
    for (const json::value& item : *threads) {
      const json::object& thread = item.as_object();
      const auto start = static_cast<std::uint64_t>(integer_at(thread, "start_ticks"));
      old_[{integer_at(thread, "thread"), start}] = text_at(thread, "value");
    }
    first_ = text_at(threads->front().as_object(), "value");
  }
  bool knows(const Thread& thread) const { return old_.contains({thread.id, thread.start_ticks}); }
  const std::string& old_of(const Thread& thread) const {
    const auto found = old_.find({thread.id, thread.start_ticks});
    return found == old_.end() ? first_ : found->second;
  }
  bool is_ours(const Thread& thread, const std::string& wanted) const {
    return thread.value == wanted && old_of(thread) != wanted;
  }
  bool is_foreign(const Thread& thread, const std::string& wanted) const {
    return knows(thread) && thread.value != wanted && thread.value != old_of(thread);
  }

 private:
  std::map<std::pair<std::int64_t, std::uint64_t>, std::string> old_;
  std::string first_;
};

Status write_one(const ThreadValue& value, const Thread& thread, const std::string& wanted) {
  Status written = value.write(thread.id, wanted);
  if (!written.ok() && written.error().code == Code::not_found) return ok();  // it ended meanwhile
  return written;
}

}  // namespace

Result<json::object> capture_threads(const ThreadValue& value, const sys::ProcessId& process) {
  if (!sys::is_alive(process)) return gone(process);
  json::array recorded;
  for (const Thread& thread : TRY(read_threads(value, process))) {
    recorded.push_back({{"thread", thread.id},
                        {"start_ticks", static_cast<std::int64_t>(thread.start_ticks)},
                        {"value", thread.value}});
  }
  if (recorded.empty()) return gone(process);
  return json::object{{"threads", std::move(recorded)}};
}

std::vector<std::string> recorded_values(const json::object& before) {
  std::vector<std::string> values;
  for (const json::value& item : *array_at(before, "threads")) {
    values.push_back(text_at(item.as_object(), "value"));
  }
  return values;
}

Status set_threads(const ThreadValue& value, const sys::ProcessId& process,
                   const std::string& wanted) {
  const sys::Fd pidfd = TRY(sys::open_process(process));
  for (int pass = 0; pass < passes_max; ++pass) {
    bool was_complete = true;
    for (const Thread& thread : TRY(read_threads(value, process))) {
      if (thread.value == wanted) continue;
      was_complete = false;
      TRY_VOID(write_one(value, thread, wanted),
               fmt::format("setting the {} of process {}", value.what, process.pid));
    }
    if (was_complete) return ok();
  }
  return error(Code::timed_out,
               fmt::format("process {} does not keep the {} {}", process.pid, value.what, wanted),
               "it makes threads, or sets the value itself, faster than it can be set");
}

Result<Presence> verify_threads(const ThreadValue& value, const sys::ProcessId& process,
                                const std::string& wanted, const json::object& before) {
  const Result<std::vector<Thread>> threads = read_threads(value, process);
  if (!threads.ok() && threads.error().code == Code::not_found) return Presence::absent;
  if (!threads.ok()) return Error(threads.error());
  const Record record(before);
  Presence presence = Presence::absent;
  for (const Thread& thread : *threads) {
    if (record.is_ours(thread, wanted)) return Presence::in_force;
    if (record.is_foreign(thread, wanted)) presence = Presence::foreign;
  }
  return presence;
}

Result<Reverted> revert_threads(const ThreadValue& value, const sys::ProcessId& process,
                                const std::string& wanted, const json::object& before) {
  const Reverted ended{Ending::gone, fmt::format("process {} ended", process.pid)};
  const Result<sys::Fd> pidfd = sys::open_process(process);
  if (!pidfd.ok() && pidfd.error().code == Code::not_found) return ended;
  if (!pidfd.ok()) return Error(pidfd.error());
  const Record record(before);
  bool has_restored = false;
  for (int pass = 0; pass < passes_max; ++pass) {
    const Result<std::vector<Thread>> threads = read_threads(value, process);
    if (!threads.ok() && threads.error().code == Code::not_found) return ended;
    if (!threads.ok()) return Error(threads.error());
    bool was_complete = true;
    std::string foreign;
    for (const Thread& thread : *threads) {
      if (record.is_foreign(thread, wanted)) {
        foreign = fmt::format("somebody else set the {} of thread {} to {}", value.what, thread.id,
                              thread.value);
      }
      if (!record.is_ours(thread, wanted)) continue;
      was_complete = false;
      TRY_VOID(write_one(value, thread, record.old_of(thread)));
      has_restored = true;
    }
    if (!was_complete) continue;
    if (!foreign.empty()) return Reverted{Ending::foreign, foreign};
    if (has_restored) return Reverted{Ending::restored, ""};
    return Reverted{Ending::was_absent, fmt::format("every thread has its {}", value.what)};
  }
  return error(Code::failed,
               fmt::format("process {} keeps the {} {}", process.pid, value.what, wanted));
}

Status check_may_schedule(const sys::ProcessId& process) {
  if (sys::has_capability(CAP_SYS_NICE)) return ok();
  const sys::Process target = TRY(sys::read_process(process.pid));
  if (target.uid == ::geteuid()) return ok();
  return error(Code::refused,
               fmt::format("process {} belongs to another user, and this one lacks CAP_SYS_NICE",
                           process.pid),
               "run squall with sudo, or as the user of the process");
}

}  // namespace squall::change
