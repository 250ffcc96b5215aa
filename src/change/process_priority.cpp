// process.priority: every thread of a process has another nice value.
//
// Journaled, because a nice value stays when the one who set it dies. Raising a priority back takes
// CAP_SYS_NICE (or a limit RLIMIT_NICE of the target that allows it), which is found out before
// anything is touched: a priority that could only be lowered would stay so. Threads under a
// real-time policy have a priority of another kind, on which the nice value has no effect; a
// process that has no others is refused.
#include <algorithm>
#include <cerrno>
#include <charconv>

#include <fmt/core.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>

#include "change/thread_values.h"
#include "change/typed.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/host.h"

namespace squall::change {
namespace {

struct ProcessPriority {
  std::int64_t pid = 0;
  std::int64_t start_ticks = 0;
  std::int64_t nice = 0;

  sys::ProcessId id() const { return {pid, static_cast<std::uint64_t>(start_ticks)}; }
  std::string wanted() const { return std::to_string(nice); }
};

const param::Table<ProcessPriority> table{{
    param::field("pid", &ProcessPriority::pid,
                 {.about = "The process.", .required = true, .min = 1}),
    param::field(
        "start_ticks", &ProcessPriority::start_ticks,
        {.about = "Its start time in clock ticks since boot.", .required = true, .min = 0}),
    param::field("nice", &ProcessPriority::nice,
                 {.about = "The nice value; 19 is the lowest priority, -20 the highest.",
                  .required = true,
                  .min = -20,
                  .max = 19}),
}};

int number_of(const std::string& value) {
  int number = 0;
  std::from_chars(value.data(), value.data() + value.size(), number);
  return number;
}

Result<std::string> read_nice(std::int64_t thread) {
  errno = 0;
  const int value = ::getpriority(PRIO_PROCESS, static_cast<id_t>(thread));
  if (errno == ESRCH) return error(Code::not_found, "the thread is gone");
  if (errno != 0) return errno_error(errno, fmt::format("reading the priority of {}", thread));
  return std::to_string(value);
}

Status write_nice(std::int64_t thread, const std::string& value) {
  if (::setpriority(PRIO_PROCESS, static_cast<id_t>(thread), number_of(value)) == 0) return ok();
  if (errno == ESRCH) return error(Code::not_found, "the thread is gone");
  return errno_error(errno, fmt::format("setting the nice value of thread {} to {}", thread, value))
      .advise("run squall with sudo; it takes CAP_SYS_NICE");
}

const ThreadValue nice_value{
    .what = "nice value",
    .read = read_nice,
    .write = write_nice,
};

// The lowest nice value that the process may be given without a capability, from the line "Max nice
// priority" of /proc/PID/limits: the limit counts from 1 for nice 19 to 40 for nice -20.
int lowest_free_nice(const ProcessPriority& params) {
  constexpr std::string_view title = "Max nice priority";
  const Result<std::string> text = sys::read_file(fmt::format("/proc/{}/limits", params.pid));
  for (const std::string& line : split(text.ok() ? *text : "", '\n')) {
    if (!line.starts_with(title)) continue;
    const std::string_view rest = trim(std::string_view(line).substr(title.size()));
    int limit = 0;
    std::from_chars(rest.data(), rest.data() + rest.size(), limit);
    return 20 - limit;
  }
  return 20;
}

// Whoever sets one value must also be able to set the other.
Status check_way_back(const ProcessPriority& params, const json::object& before) {
  if (sys::has_capability(CAP_SYS_NICE)) return ok();
  auto lowest = static_cast<int>(params.nice);
  for (const std::string& value : recorded_values(before)) {
    lowest = std::min(lowest, number_of(value));
  }
  if (lowest >= lowest_free_nice(params)) return ok();
  return error(Code::refused,
               fmt::format("the nice value {} could not be given to process {} without "
                           "CAP_SYS_NICE, so that the change or its undo would fail",
                           lowest, params.pid),
               "run squall with sudo, or raise the target's limit \"nice\" in limits.conf");
}

bool has_nice_value(std::int64_t thread) {
  const int policy = ::sched_getscheduler(static_cast<pid_t>(thread)) & ~SCHED_RESET_ON_FORK;
  return policy == SCHED_OTHER || policy == SCHED_BATCH;
}

Result<Footprint> footprint(const ProcessPriority& params) {
  return Footprint{.processes = {params.id()},
                   .resources = {fmt::format("process {} priority", params.pid)}};
}

Result<json::object> capture(const ProcessPriority& params) {
  json::object before = TRY(capture_threads(nice_value, params.id()));
  const json::array& threads = *array_at(before, "threads");
  const bool has_any = std::any_of(threads.begin(), threads.end(), [](const json::value& thread) {
    return has_nice_value(integer_at(thread.as_object(), "thread"));
  });
  if (!has_any) {
    return error(Code::unsupported,
                 fmt::format("process {} runs under a real-time or idle policy, on which the nice "
                             "value has no effect",
                             params.pid),
                 "chrt -p shows the policy; choose another process");
  }
  TRY_VOID(check_may_schedule(params.id()));
  TRY_VOID(check_way_back(params, before));
  return before;
}

Result<json::object> apply(const ProcessPriority& params, const json::object&) {
  TRY_VOID(set_threads(nice_value, params.id(), params.wanted()));
  return json::object{};
}

Result<Presence> verify(const ProcessPriority& params, const json::object& before) {
  return verify_threads(nice_value, params.id(), params.wanted(), before);
}

Result<Reverted> revert(const ProcessPriority& params, const json::object& before) {
  return revert_threads(nice_value, params.id(), params.wanted(), before);
}

std::string describe(const ProcessPriority& params) {
  return fmt::format("set the nice value of process {} to {}", params.pid, params.nice);
}

std::string undo(const ProcessPriority& params) {
  return fmt::format("give every thread of process {} its old nice value back", params.pid);
}

}  // namespace

extern const Kind kind_process_priority;
const Kind kind_process_priority = make_kind<ProcessPriority>({
    .name = "process.priority",
    .about = "Every thread of a process has another nice value.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
