#include "guardian/twin.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>
#include <optional>
#include <string_view>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "guardian/guardian.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::guardian {
namespace {

constexpr Duration second_look = milliseconds(300);

std::vector<char*> argument_pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

// How long the guardian may be silent from now on, after what it said; nothing when it left.
std::optional<Duration> patience_after(std::string_view words, Duration patience) {
  for (const char word : words) {
    if (word == static_cast<char>(Pulse::farewell)) return std::nullopt;
    patience = word == static_cast<char>(Pulse::working) ? longest_work : longest_quiet;
  }
  return patience;
}

enum class Watched { left, dead };

// Waits until the guardian is gone. The silence is counted anew by a second look, for a host that
// was frozen as a whole wakes the watcher and the watched in any order.
Watched watch(const sys::Fd& guardian, const sys::Fd& pulse) {
  Duration patience = longest_quiet;
  bool was_silent = false;
  bool is_killed = false;
  while (true) {
    const Duration wait = was_silent ? second_look : patience;
    std::array<pollfd, 2> entries = {{{pulse.get(), POLLIN, 0}, {guardian.get(), POLLIN, 0}}};
    const int ready =
        ::poll(entries.data(), entries.size(), is_killed ? -1 : wait.poll_milliseconds());
    if (ready < 0 && errno != EINTR) return Watched::dead;
    if (ready == 0 && was_silent) {
      std::fprintf(stderr, "the guardian was silent for %s and is killed\n",
                   render(patience).c_str());
      ::syscall(SYS_pidfd_send_signal, guardian.get(), SIGKILL, nullptr, 0);
      is_killed = true;
    }
    was_silent = ready == 0;
    std::array<char, 4096> words;
    const bool spoke = ready > 0 && (entries[0].revents & POLLIN) != 0;
    const ssize_t got = spoke ? ::read(pulse.get(), words.data(), words.size()) : 0;
    if (got > 0) {
      const auto next = patience_after({words.data(), static_cast<std::size_t>(got)}, patience);
      if (!next) return Watched::left;
      patience = *next;
    }
    if (ready > 0 && entries[1].revents != 0) return Watched::dead;
    // The pipe hangs up a moment before the pidfd reports the end: wait for the pidfd alone.
    if (ready > 0 && (entries[0].revents & POLLHUP) != 0 && got <= 0 &&
        sys::wait_for_end(guardian, seconds(5))) {
      return Watched::dead;
    }
  }
}

}  // namespace

Result<TwinProcess> spawn_twin(const std::vector<std::string>& command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return errno_error(errno, "making the pipe of the twin");
  const sys::Fd reading(pipe[0]);
  TwinProcess twin;
  twin.pulse = sys::Fd(pipe[1]);
  ::fcntl(twin.pulse.get(), F_SETFL, O_NONBLOCK);
  const sys::Process self = TRY(sys::read_process(::getpid()));
  std::vector<std::string> words = command;
  for (const std::string& word :
       {std::string("--guardian"), std::to_string(self.id.pid), std::string("--start"),
        std::to_string(self.id.start_ticks), std::string("--pulse-fd"), std::string("3")}) {
    words.push_back(word);
  }
  std::vector<char*> arguments = argument_pointers(words);
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting the twin");
  if (child == 0) {
    ::setsid();
    ::dup2(reading.get(), 3);  // dup2 drops close-on-exec; everything else closes by itself
    if (reading.get() == 3) ::fcntl(3, F_SETFD, 0);
    ::execv(arguments[0], arguments.data());
    ::_exit(127);
  }
  twin.pidfd = sys::Fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  if (!twin.pidfd.valid()) return errno_error(errno, "watching the twin");
  return twin;
}

void beat(const TwinProcess& twin, Pulse pulse) {
  const char word = static_cast<char>(pulse);
  static_cast<void>(!::write(twin.pulse.get(), &word, 1));
}

void say_goodbye(const TwinProcess& twin) {
  beat(twin, Pulse::farewell);
  if (!sys::wait_for_end(twin.pidfd, milliseconds(500))) {
    ::syscall(SYS_pidfd_send_signal, twin.pidfd.get(), SIGKILL, nullptr, 0);
    sys::wait_for_end(twin.pidfd, seconds(2));
  }
  reap(twin.pidfd);
}

void reap(const sys::Fd& pidfd) {
  siginfo_t info{};
  ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info,
           WEXITED | WNOHANG);
}

std::int64_t pid_of(const sys::Fd& pidfd) {
  const Result<std::string> text =
      sys::read_file(fmt::format("/proc/self/fdinfo/{}", pidfd.get()), 4096);
  if (!text.ok()) return 0;
  for (const std::string& line : split(*text, '\n')) {
    if (!line.starts_with("Pid:")) continue;
    const std::string_view word = trim(std::string_view(line).substr(4));
    std::int64_t pid = 0;
    std::from_chars(word.data(), word.data() + word.size(), pid);
    return pid > 0 ? pid : 0;
  }
  return 0;
}

int watch_guardian(std::int64_t pid, std::int64_t start_ticks, int pulse_fd,
                   const std::vector<std::string>& successor) {
  const sys::Fd pulse(pulse_fd);
  ::fcntl(pulse.get(), F_SETFD, FD_CLOEXEC);
  const Result<sys::Fd> guardian =
      sys::open_process({pid, static_cast<std::uint64_t>(start_ticks)});
  if (guardian.ok() && watch(*guardian, pulse) == Watched::left) return 0;
  std::vector<std::string> words = successor;
  std::vector<char*> arguments = argument_pointers(words);
  ::execv(arguments[0], arguments.data());
  std::fprintf(stderr, "the twin cannot become the guardian: %s\n", words[0].c_str());
  return 1;
}

}  // namespace squall::guardian
