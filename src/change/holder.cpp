#include "change/holder.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr int heartbeat_milliseconds = 100;
constexpr std::size_t last_words_max = 16 << 10;

json::object error_to_json(const Error& problem) {
  return {{"code", code_name(problem.code)}, {"message", problem.render()}, {"next", problem.next}};
}

void close_everything_but(int kept) {
  if (kept > 3) ::syscall(SYS_close_range, 3U, static_cast<unsigned>(kept - 1), 0U);
  ::syscall(SYS_close_range, static_cast<unsigned>(kept + 1), ~0U, 0U);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  ::dup2(nothing, 0);
  ::dup2(nothing, 1);
  if (nothing > 2 && nothing != kept) ::close(nothing);
}

[[noreturn]] void hold_until_told(const Kind& kind, const json::object& params,
                                  const json::object& before, int channel) {
  Result<std::unique_ptr<Held>> held = kind.hold(params, before);
  json::object answer;
  if (held.ok()) {
    answer["facts"] = held.value()->facts();
  } else {
    answer["error"] = error_to_json(held.error());
  }
  const std::string line = canonical_json(answer) + "\n";
  if (::send(channel, line.data(), line.size(), MSG_NOSIGNAL) < 0 || !held.ok()) ::_exit(1);
  while (true) {
    pollfd entry{channel, POLLIN, 0};
    const int ready = ::poll(&entry, 1, heartbeat_milliseconds);
    if (ready > 0) break;  // a word or the end of the channel: let go
    if (!held.value()->is_intact()) break;
    if (::send(channel, ".", 1, MSG_NOSIGNAL | MSG_DONTWAIT) < 0 && errno == EPIPE) break;
  }
  const std::string last = held.value()->finish().substr(0, last_words_max);
  if (!last.empty()) ::send(channel, last.data(), last.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
  held.value().reset();
  ::_exit(0);
}

[[noreturn]] void run_child(const Kind& kind, const json::object& params,
                            const json::object& before, int channel, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);  // the parent died before the request reached the kernel
  ::prctl(PR_SET_NAME, "squall-holder");
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE}) ::signal(signal, SIG_DFL);
  close_everything_but(channel);
  hold_until_told(kind, params, before, channel);
}

Result<std::string> read_line(int channel, Duration limit) {
  std::string line;
  const Duration deadline = sys::monotonic_now() + limit;
  while (true) {
    pollfd entry{channel, POLLIN, 0};
    const int ready = ::poll(&entry, 1, (deadline - sys::monotonic_now()).poll_milliseconds());
    if (ready == 0) return error(Code::timed_out, "the holder did not answer in time");
    char letter = 0;
    const ssize_t got = ready < 0 ? -1 : ::read(channel, &letter, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) return error(Code::failed, "the holder died while it took hold");
    if (letter == '\n') return line;
    line += letter;
  }
}

}  // namespace

Result<Holder> Holder::start(const Kind& kind, const json::object& params,
                             const json::object& before, Duration limit) {
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return errno_error(errno, "making the channel of a holder");
  }
  Holder holder;
  holder.channel_ = sys::Fd(pair[0]);
  sys::Fd childs_end(pair[1]);
  const pid_t self = ::getpid();
  const pid_t child = ::fork();
  if (child < 0) return errno_error(errno, "starting a holder");
  if (child == 0) run_child(kind, params, before, childs_end.get(), self);
  childs_end.reset();
  holder.pidfd_ = sys::Fd(static_cast<int>(::syscall(SYS_pidfd_open, child, 0)));
  holder.id_.pid = child;
  if (const Result<sys::Process> process = sys::read_process(child)) holder.id_ = process->id;
  const Result<std::string> line = read_line(holder.channel_.get(), limit);
  Result<json::value> answer =
      line.ok() ? parse_json(*line) : Result<json::value>(Error(line.error()));
  const json::object* object = answer.ok() ? answer->if_object() : nullptr;
  const json::object* problem = object == nullptr ? nullptr : object_at(*object, "error");
  if (object == nullptr || problem != nullptr) {
    holder.release({});
    if (problem == nullptr) {
      return line.ok() ? error(Code::failed, "the holder gave no answer") : Error(line.error());
    }
    return error(code_from_name(text_at(*problem, "code")), text_at(*problem, "message"),
                 text_at(*problem, "next"));
  }
  if (const json::object* facts = object_at(*object, "facts")) holder.facts_ = *facts;
  holder.last_heartbeat_ = sys::monotonic_now();
  ::fcntl(holder.channel_.get(), F_SETFL, O_NONBLOCK);
  return holder;
}

void Holder::release(Duration limit) {
  if (!pidfd_.valid()) return channel_.reset();
  ::shutdown(channel_.get(), SHUT_WR);
  if (limit.nanoseconds <= 0 || !sys::wait_for_end(pidfd_, limit)) {
    ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
    sys::wait_for_end(pidfd_, seconds(5));
  }
  siginfo_t info{};
  ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd_.get()), &info, WEXITED);
  pidfd_.reset();
  std::array<char, 4096> piece;
  for (ssize_t got = 1; got > 0 && last_words_.size() < last_words_max;) {
    got = ::recv(channel_.get(), piece.data(), piece.size(), MSG_DONTWAIT);
    if (got > 0) last_words_.append(piece.data(), static_cast<std::size_t>(got));
  }
  last_words_.erase(0, last_words_.find_first_not_of('.'));  // heartbeats that nobody had read
  channel_.reset();
}

bool Holder::check() {
  if (!channel_.valid()) return false;
  std::array<char, 256> beats;
  while (true) {
    const ssize_t got = ::read(channel_.get(), beats.data(), beats.size());
    if (got > 0) {
      last_heartbeat_ = sys::monotonic_now();
    } else if (got < 0 && errno == EINTR) {
      continue;
    } else {
      return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
    }
  }
}

}  // namespace squall::change
