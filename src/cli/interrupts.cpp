#include "cli/interrupts.h"

#include <cerrno>
#include <csignal>
#include <memory>

#include <sys/signalfd.h>
#include <unistd.h>

#include "sys/patience.h"
#include "sys/process.h"

namespace squall::cli {
namespace {

sigset_t watched_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

}  // namespace

Result<std::unique_ptr<Interrupts>> Interrupts::catch_all(Say say) {
  const sigset_t set = watched_signals();
  if (const int problem = ::pthread_sigmask(SIG_BLOCK, &set, nullptr); problem != 0) {
    return errno_error(problem, "blocking signals");
  }
  std::unique_ptr<Interrupts> made(new Interrupts);
  made->signals_.reset(::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK));
  if (!made->signals_.valid()) return errno_error(errno, "watching for signals");
  made->say_ = std::move(say);
  made->thread_ = std::jthread([self = made.get()](std::stop_token end) { self->listen(end); });
  return made;
}

Interrupts::~Interrupts() {
  thread_.request_stop();
  if (thread_.joinable()) thread_.join();
  const sigset_t set = watched_signals();
  ::pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void Interrupts::listen(std::stop_token end) {
  constexpr Duration for_ever = minutes(60 * 24 * 365);
  sys::Patience patience(for_ever, end);
  while (patience.wait_for(signals_.get(), POLLIN) == sys::Patience::End::ready) {
    signalfd_siginfo info{};
    if (::read(signals_.get(), &info, sizeof(info)) != static_cast<ssize_t>(sizeof(info))) continue;
    const bool is_first = stop_.request_stop();
    say_(sys::signal_name(static_cast<int>(info.ssi_signo)), is_first);
  }
}

}  // namespace squall::cli
