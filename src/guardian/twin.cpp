#include "guardian/twin.h"

#include <array>
#include <cerrno>
#include <charconv>
#include <csignal>
#include <cstdio>

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

std::vector<char*> argument_pointers(std::vector<std::string>& words) {
  std::vector<char*> pointers;
  for (std::string& word : words) pointers.push_back(word.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace

Result<TwinProcess> spawn_twin(const std::vector<std::string>& command) {
  std::array<int, 2> pipe{};
  if (::pipe2(pipe.data(), O_CLOEXEC) != 0)
    return errno_error(errno, "making the pipe of the twin");
  const sys::Fd reading(pipe[0]);
  TwinProcess twin;
  twin.farewell = sys::Fd(pipe[1]);
  const sys::Process self = TRY(sys::read_process(::getpid()));
  std::vector<std::string> words = command;
  for (const std::string& word :
       {std::string("--guardian"), std::to_string(self.id.pid), std::string("--start"),
        std::to_string(self.id.start_ticks), std::string("--farewell-fd"), std::string("3")}) {
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

void say_goodbye(const sys::Fd& farewell, const sys::Fd& pidfd) {
  static_cast<void>(sys::write_all(farewell, "q").ok());
  if (!sys::wait_for_end(pidfd, milliseconds(500))) {
    ::syscall(SYS_pidfd_send_signal, pidfd.get(), SIGKILL, nullptr, 0);
    sys::wait_for_end(pidfd, seconds(2));
  }
  reap(pidfd);
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

int watch_guardian(std::int64_t pid, std::int64_t start_ticks, int farewell_fd,
                   const std::vector<std::string>& successor) {
  const sys::Fd farewell(farewell_fd);
  ::fcntl(farewell.get(), F_SETFD, FD_CLOEXEC);
  const Result<sys::Fd> guardian =
      sys::open_process({pid, static_cast<std::uint64_t>(start_ticks)});
  while (guardian.ok()) {
    std::array<pollfd, 2> entries = {{{farewell.get(), POLLIN, 0}, {guardian->get(), POLLIN, 0}}};
    if (::poll(entries.data(), entries.size(), -1) < 0 && errno != EINTR) break;
    char word = 0;
    if ((entries[0].revents & POLLIN) != 0 && ::read(farewell.get(), &word, 1) == 1) return 0;
    if (entries[1].revents != 0) break;
    // The pipe hangs up a moment before the pidfd reports the end: wait for the pidfd alone.
    if ((entries[0].revents & POLLHUP) != 0 && sys::wait_for_end(*guardian, seconds(5))) break;
  }
  std::vector<std::string> words = successor;
  std::vector<char*> arguments = argument_pointers(words);
  ::execv(arguments[0], arguments.data());
  std::fprintf(stderr, "the twin cannot become the guardian: %s\n", words[0].c_str());
  return 1;
}

}  // namespace squall::guardian
