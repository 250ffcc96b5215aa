#include "sys/tracepoint.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <set>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/perf_event.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

struct Place {
  std::int64_t pid = -1;  // -1 = whoever runs on the processor
  int processor = -1;     // -1 = wherever the thread runs
};

// A mount of tracefs that has no path. Invalid where this process may not mount it.
Fd private_tracefs() {
  const Fd context(::fsopen("tracefs", FSOPEN_CLOEXEC));
  if (!context.valid()) return {};
  if (::fsconfig(context.get(), FSCONFIG_CMD_CREATE, nullptr, nullptr, 0) != 0) return {};
  return Fd(::fsmount(context.get(), FSMOUNT_CLOEXEC, MOUNT_ATTR_RDONLY));
}

Result<Fd> open_number(const std::string& path) {
  const Fd own = private_tracefs();
  if (own.valid()) {
    Fd file(::openat(own.get(), path.c_str(), O_RDONLY | O_CLOEXEC));
    if (file.valid()) return file;
    return error(Code::unsupported, fmt::format("this kernel has no tracepoint {}", path));
  }
  for (const char* mount : {"/sys/kernel/tracing", "/sys/kernel/debug/tracing"}) {
    Fd file(::open(fmt::format("{}/{}", mount, path).c_str(), O_RDONLY | O_CLOEXEC));
    if (file.valid()) return file;
  }
  return error(Code::unsupported,
               "tracefs, where the kernel names its tracepoints, is out of reach",
               "run squall with sudo, on the host and not in a container");
}

Result<Fd> open_counter(std::int64_t tracepoint, const std::string& filter, const Place& place) {
  perf_event_attr wish{};
  wish.size = sizeof wish;
  wish.type = PERF_TYPE_TRACEPOINT;
  wish.config = static_cast<std::uint64_t>(tracepoint);
  wish.disabled = 1;  // until the filter is in place
  if (place.pid > 0) {
    wish.inherit = 1;
    wish.inherit_thread = 1;  // threads only, no children
  }
  Fd counter(static_cast<int>(::syscall(SYS_perf_event_open, &wish, static_cast<pid_t>(place.pid),
                                        place.processor, -1, PERF_FLAG_FD_CLOEXEC)));
  if (!counter.valid() && errno == ESRCH) return error(Code::not_found, "the thread is gone");
  if (!counter.valid() && errno == ENODEV) return error(Code::not_found, "no such processor");
  if (!counter.valid()) {
    const int number = errno;
    Error problem = errno_error(number, "counting a tracepoint");
    problem.code = Code::unsupported;
    problem.next = "run squall with sudo; in a container, it needs CAP_PERFMON";
    return problem;
  }
  if (::ioctl(counter.get(), PERF_EVENT_IOC_SET_FILTER, filter.c_str()) != 0 ||
      ::ioctl(counter.get(), PERF_EVENT_IOC_ENABLE, 0) != 0) {
    Error problem = errno_error(errno, fmt::format("counting events with \"{}\"", filter));
    problem.code = Code::unsupported;
    return problem;
  }
  return counter;
}

}  // namespace

Result<std::int64_t> tracepoint_number(std::string_view group, std::string_view name) {
  const Fd file = TRY(open_number(fmt::format("events/{}/{}/id", group, name)));
  const std::string text = TRY(read_at(file, 0, 64));
  const std::string_view word = trim(text);
  std::int64_t number = 0;
  const auto [rest, problem] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (problem == std::errc() && rest == word.data() + word.size()) return number;
  return error(Code::unsupported, fmt::format("the tracepoint {}:{} has no number", group, name));
}

Result<EventCounter> EventCounter::in_process(std::int64_t pid, std::int64_t tracepoint,
                                              const std::string& filter) {
  EventCounter made;
  std::set<std::string> known;
  // Threads are born while others are listed; those of counted ones inherit the counter.
  constexpr int rounds_max = 3;
  for (int round = 0; round < rounds_max; ++round) {
    const std::size_t before = known.size();
    const Result<std::vector<std::string>> names = list_folder(fmt::format("/proc/{}/task", pid));
    if (!names.ok()) break;
    for (const std::string& name : *names) {
      std::int64_t thread = 0;
      if (!known.insert(name).second) continue;
      if (std::from_chars(name.data(), name.data() + name.size(), thread).ec != std::errc()) {
        continue;
      }
      Result<Fd> counter = open_counter(tracepoint, filter, {.pid = thread});
      if (!counter.ok() && counter.error().code == Code::not_found) continue;
      made.counters_.push_back(TRY(std::move(counter)));
    }
    if (known.size() == before) break;
  }
  if (made.counters_.empty()) {
    return error(Code::not_found, fmt::format("there is no process {}", pid));
  }
  return made;
}

Result<EventCounter> EventCounter::on_host(std::int64_t tracepoint, const std::string& filter) {
  EventCounter made;
  const long processors = ::sysconf(_SC_NPROCESSORS_CONF);
  for (int processor = 0; processor < processors; ++processor) {
    Result<Fd> counter = open_counter(tracepoint, filter, {.processor = processor});
    if (!counter.ok() && counter.error().code == Code::not_found) continue;  // it is switched off
    made.counters_.push_back(TRY(std::move(counter)));
  }
  return made;
}

Result<std::uint64_t> EventCounter::read() const {
  std::uint64_t sum = 0;
  for (const Fd& counter : counters_) {
    std::uint64_t count = 0;
    if (::read(counter.get(), &count, sizeof count) != sizeof count) {
      return errno_error(errno, "reading a counter of events");
    }
    sum += count;
  }
  return sum;
}

}  // namespace squall::sys
