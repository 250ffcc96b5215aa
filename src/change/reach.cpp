#include "change/reach.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <optional>
#include <utility>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/file.h"
#include "sys/process.h"

namespace squall::change {
namespace {

constexpr Duration leave_limit = seconds(1);
constexpr std::size_t longest_answer = 1 << 22;
constexpr std::string_view await_word = "await";  // as reach/reach.h knows it

// The program that stands beside this one.
Result<std::string> program() {
  const std::string self = TRY(sys::real_path("/proc/self/exe"));
  const std::string path = sys::folder_of(self) + "/squall-reach";
  if (sys::exists(path)) return path;
  return error(Code::unsupported, fmt::format("the program {} is missing", path),
               "install all programs of squall into one folder");
}

[[noreturn]] void become(const char* path, const char* verb, int channel, pid_t parent) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (::getppid() != parent) ::_exit(1);
  ::dup2(channel, STDIN_FILENO);
  ::dup2(channel, STDOUT_FILENO);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP, SIGCHLD, SIGPIPE}) ::signal(signal, SIG_DFL);
  const std::array<const char*, 3> words = {path, verb, nullptr};
  const std::array<const char*, 3> environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin",
                                                  "LANG=C.UTF-8", nullptr};
  ::execve(path, const_cast<char**>(words.data()), const_cast<char**>(environment.data()));
  ::_exit(127);
}

struct Program {
  sys::Fd channel;
  sys::Fd pidfd;
};

Result<Program> start_program(const std::string& word) {
  const std::string path = TRY(program());
  std::array<int, 2> pair{};
  if (::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair.data()) != 0) {
    return errno_error(errno, "making the channel of squall-reach");
  }
  Program started;
  started.channel = sys::Fd(pair[0]);
  const sys::Fd theirs(pair[1]);
  const pid_t self = ::getpid();
  const pid_t pid = ::fork();
  if (pid < 0) return errno_error(errno, "starting squall-reach");
  if (pid == 0) become(path.c_str(), word.c_str(), theirs.get(), self);
  started.pidfd = sys::Fd(static_cast<int>(::syscall(SYS_pidfd_open, pid, 0)));
  return started;
}

void reap(const sys::Fd& pidfd) {
  siginfo_t info{};
  ::waitid(static_cast<idtype_t>(P_PIDFD), static_cast<id_t>(pidfd.get()), &info, WEXITED);
}

// The one that stands ready. A child of this process sees it and may not use it.
struct Ready {
  pid_t keeper = 0;
  Program program;
};
Ready& ready() {
  static Ready one;
  return one;
}

std::optional<Program> take_ready() {
  if (ready().keeper != ::getpid() || !ready().program.pidfd.valid()) return std::nullopt;
  Program taken = std::exchange(ready().program, {});
  if (!sys::wait_for_end(taken.pidfd, {})) return taken;
  reap(taken.pidfd);
  return std::nullopt;
}

void make_ready() {
  if (ready().keeper != ::getpid() || ready().program.pidfd.valid()) return;
  Result<Program> next = start_program(std::string(await_word));
  if (next.ok()) ready().program = std::move(*next);  // without it, the next call starts its own
}

class Child final : public Held {
 public:
  static Result<std::unique_ptr<Child>> start(std::string_view verb, const json::object& params) {
    std::optional<Program> used = take_ready();
    json::object order = params;
    if (used) order = {{"verb", verb}, {"params", params}};
    if (!used) used = TRY(start_program(std::string(verb)));
    auto child = std::make_unique<Child>();
    child->channel_ = std::move(used->channel);
    child->pidfd_ = std::move(used->pidfd);
    TRY_VOID(sys::write_all(child->channel_, canonical_json(order) + "\n"), "asking squall-reach");
    make_ready();
    return child;
  }

  ~Child() override {
    if (!pidfd_.valid()) return;
    ::shutdown(channel_.get(), SHUT_WR);
    if (!sys::wait_for_end(pidfd_, is_late_ ? Duration{} : leave_limit)) {
      ::syscall(SYS_pidfd_send_signal, pidfd_.get(), SIGKILL, nullptr, 0);
      sys::wait_for_end(pidfd_, seconds(5));
    }
    reap(pidfd_);
  }

  // Tells it to end, and reads what it says at last.
  std::string finish() override {
    ::shutdown(channel_.get(), SHUT_WR);
    const Result<json::object> last = read_line("the verb", leave_limit);
    return last.ok() ? text_at(*last, "last") : "";
  }
  json::object facts() const override { return facts_; }
  bool is_intact() override { return !sys::wait_for_end(pidfd_, {}); }

  // The one line that says how it went.
  Status await(std::string_view verb, Duration limit) {
    const json::object answer = TRY(read_line(verb, limit));
    if (const json::object* problem = object_at(answer, "error")) {
      return error(code_from_name(text_at(*problem, "code")), text_at(*problem, "message"),
                   text_at(*problem, "next"));
    }
    if (const json::object* facts = object_at(answer, "facts")) facts_ = *facts;
    return ok();
  }

 private:
  Result<json::object> read_line(std::string_view verb, Duration limit) {
    std::string line;
    const Duration deadline = sys::monotonic_now() + limit;
    while (!line.ends_with('\n')) {
      pollfd entry{channel_.get(), POLLIN, 0};
      const Duration left = std::max(deadline - sys::monotonic_now(), Duration{});
      const int ready = ::poll(&entry, 1, left.poll_milliseconds());
      if (ready == 0) {
        is_late_ = true;
        return error(Code::timed_out,
                     fmt::format("{} did not answer within {}", verb, render(limit)),
                     "look whether the service behind it hangs");
      }
      std::array<char, 4096> piece;
      const ssize_t got = ready < 0 ? -1 : ::read(channel_.get(), piece.data(), piece.size());
      if (got < 0 && errno == EINTR) continue;
      if (got <= 0 || line.size() > longest_answer) {
        return error(Code::failed, fmt::format("{} ended without an answer", verb));
      }
      line.append(piece.data(), static_cast<std::size_t>(got));
    }
    json::value answer = TRY(parse_json(line), "reading the answer of squall-reach");
    if (!answer.is_object()) return error(Code::failed, fmt::format("{} answered nonsense", verb));
    return std::move(answer.get_object());
  }

  sys::Fd channel_;
  sys::Fd pidfd_;
  json::object facts_;
  bool is_late_ = false;
};

}  // namespace

void keep_reach_ready() {
  ready().keeper = ::getpid();
}

Result<json::object> reach_call(std::string_view verb, const json::object& params, Duration limit) {
  const std::unique_ptr<Child> child = TRY(Child::start(verb, params));
  TRY_VOID(child->await(verb, limit));
  return child->facts();
}

Result<std::unique_ptr<Held>> reach_hold(std::string_view verb, const json::object& params,
                                         Duration limit) {
  std::unique_ptr<Child> child = TRY(Child::start(verb, params));
  TRY_VOID(child->await(verb, limit));
  return std::unique_ptr<Held>(std::move(child));
}

}  // namespace squall::change
