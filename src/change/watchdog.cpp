#include "change/watchdog.h"

#include <array>
#include <cerrno>
#include <csignal>

#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace squall::change {
namespace {

[[noreturn]] void watch(int line, pid_t watched, int limit_milliseconds) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::prctl(PR_SET_NAME, "squall-watchdog");
  if (line > 0) ::syscall(SYS_close_range, 0U, static_cast<unsigned>(line - 1), 0U);
  ::syscall(SYS_close_range, static_cast<unsigned>(line + 1), ~0U, 0U);
  std::array<char, 64> beats;
  pollfd entry{line, POLLIN, 0};
  while (::getppid() == watched) {
    const int ready = ::poll(&entry, 1, limit_milliseconds);
    if (ready < 0 && errno == EINTR) continue;
    if (ready <= 0) break;
    if (::read(line, beats.data(), beats.size()) == 0) ::_exit(0);  // it lets go in an orderly way
  }
  // Its parent is still the one that it watches, or nobody is left to be killed.
  if (::getppid() == watched) ::kill(watched, SIGKILL);
  ::_exit(0);
}

}  // namespace

Result<Watchdog> Watchdog::start(Duration limit) {
  std::array<int, 2> ends{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends.data()) != 0) {
    return errno_error(errno, "making the line to a watchdog");
  }
  const sys::Fd dogs_end(ends[0]);
  sys::Fd own_end(ends[1]);
  const pid_t watched = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting a watchdog");
  if (child == 0) watch(dogs_end.get(), watched, limit.poll_milliseconds());
  return Watchdog(std::move(own_end));
}

bool Watchdog::beat() const {
  return ::send(line_.get(), ".", 1, MSG_NOSIGNAL | MSG_DONTWAIT) == 1 || errno == EAGAIN;
}

}  // namespace squall::change
