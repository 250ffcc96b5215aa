#include "sys/clock.h"

#include <cerrno>
#include <condition_variable>
#include <ctime>
#include <mutex>

#include <fmt/core.h>
#include <sys/prctl.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

Duration read_clock(clockid_t clock) {
  timespec now{};
  CHECK(clock_gettime(clock, &now) == 0, "the clock exists");
  return {now.tv_sec * 1'000'000'000 + now.tv_nsec};
}

}  // namespace

Duration monotonic_now() {
  return read_clock(CLOCK_MONOTONIC);
}
Duration boottime_now() {
  return read_clock(CLOCK_BOOTTIME);
}

Duration thread_cpu_time() {
  return read_clock(CLOCK_THREAD_CPUTIME_ID);
}

std::optional<Duration> process_cpu_time(std::int64_t pid) {
  clockid_t clock{};
  timespec used{};
  if (clock_getcpuclockid(static_cast<pid_t>(pid), &clock) != 0) return std::nullopt;
  if (clock_gettime(clock, &used) != 0) return std::nullopt;  // it ended in between
  return Duration{used.tv_sec * 1'000'000'000 + used.tv_nsec};
}

std::int64_t wall_nanoseconds() {
  return read_clock(CLOCK_REALTIME).nanoseconds;
}

std::string wall_time_text() {
  const std::int64_t now = wall_nanoseconds();
  const std::time_t whole = now / 1'000'000'000;
  std::tm parts{};
  gmtime_r(&whole, &parts);
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:03}Z", parts.tm_year + 1900,
                     parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                     now / 1'000'000 % 1000);
}

std::string boot_id() {
  const Result<std::string> text = read_file("/proc/sys/kernel/random/boot_id", 256);
  return text.ok() ? std::string(trim(*text)) : "unknown";
}

bool sleep_until(Duration deadline, std::stop_token stop) {
  if (!stop.stop_possible()) {
    const timespec when{deadline.nanoseconds / 1'000'000'000, deadline.nanoseconds % 1'000'000'000};
    while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &when, nullptr) == EINTR) {
    }
    return true;
  }
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    const Duration left = deadline - monotonic_now();
    if (left.nanoseconds <= 0) return true;
    wake.wait_for(lock, stop, std::chrono::nanoseconds(left.nanoseconds), [] { return false; });
  }
  return false;
}

void use_precise_timers() {
  prctl(PR_SET_TIMERSLACK, 1UL);
}

}  // namespace squall::sys
