#include "runner/child.h"

#include <cerrno>
#include <charconv>
#include <cmath>
#include <csignal>
#include <cstring>
#include <ctime>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace squall::runner {
namespace {

// A guardian that nobody needs any more leaves after 3 s; sanitizers make everything slower.
constexpr double leave_by_itself_seconds = 10;
constexpr int pause_milliseconds = 20;

int interrupts = -1;  // a signalfd, readable from the first interrupt on

sigset_t interrupting_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int signal : {SIGINT, SIGTERM, SIGHUP}) sigaddset(&set, signal);
  return set;
}

std::vector<char*> pointers(std::vector<std::string>& words) {
  std::vector<char*> result;
  for (std::string& word : words) result.push_back(word.data());
  result.push_back(nullptr);
  return result;
}

struct Relative {
  pid_t pid = 0;
  std::string name;
  bool is_zombie = false;
};

// Our children now, found in /proc: orphans included.
std::vector<Relative> children() {
  std::vector<Relative> found;
  std::error_code ignored;
  for (const auto& entry : std::filesystem::directory_iterator("/proc", ignored)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    const auto [rest_of_name, problem] =
        std::from_chars(name.data(), name.data() + name.size(), pid);
    if (problem != std::errc() || rest_of_name != name.data() + name.size()) continue;
    std::ifstream file(entry.path() / "stat");
    std::string text;
    std::getline(file, text, '\0');
    const std::size_t open = text.find('(');
    const std::size_t close = text.rfind(')');
    if (open == std::string::npos || close == std::string::npos) continue;
    std::istringstream rest(text.substr(close + 1));
    char state = '?';
    pid_t parent = 0;
    rest >> state >> parent;
    if (parent == ::getpid()) {
      found.push_back({pid, text.substr(open + 1, close - open - 1), state == 'Z'});
    }
  }
  return found;
}

void reap_all() {
  while (::waitpid(-1, nullptr, WNOHANG) > 0) {
  }
}

bool is_interrupted() {
  pollfd entry{interrupts, POLLIN, 0};
  return ::poll(&entry, 1, 0) > 0;
}

// Waits for orphans to leave, kills those that do not, and names these.
std::vector<std::string> clear_orphans(double patience) {
  std::vector<std::string> left_behind;
  const double deadline = now_seconds() + patience;
  while (true) {
    reap_all();
    std::vector<Relative> living = children();
    std::erase_if(living, [](const Relative& child) { return child.is_zombie; });
    if (living.empty()) return left_behind;
    if (now_seconds() >= deadline || is_interrupted()) {
      for (const Relative& child : living) {
        left_behind.push_back(fmt::format("{} (pid {})", child.name, child.pid));
        ::kill(child.pid, SIGKILL);  // our child and not reaped yet: the pid is still its own
        ::kill(child.pid, SIGCONT);
      }
    }
    ::poll(nullptr, 0, pause_milliseconds);
  }
}

[[noreturn]] void become(const Program& program) {
  ::setsid();
  sigset_t none;
  sigemptyset(&none);
  ::sigprocmask(SIG_SETMASK, &none, nullptr);
  const int log = ::open(program.log.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0644);
  const int nothing = ::open("/dev/null", O_RDONLY);
  ::dup2(nothing, 0);
  ::dup2(log, 1);
  ::dup2(log, 2);
  ::syscall(SYS_close_range, 3U, ~0U, 0U);
  for (const auto& [name, value] : program.environment) {
    ::setenv(name.c_str(), value.c_str(), 1);
  }
  std::vector<std::string> words = program.argv;
  ::execv(words[0].c_str(), pointers(words).data());
  const int problem = errno;
  ::dprintf(2, "cannot start %s: %s\n", words[0].c_str(), std::strerror(problem));
  ::_exit(127);
}

}  // namespace

double now_seconds() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9;
}

void adopt_orphans() {
  ::prctl(PR_SET_CHILD_SUBREAPER, 1);
  const sigset_t set = interrupting_signals();
  ::sigprocmask(SIG_BLOCK, &set, nullptr);
  interrupts = ::signalfd(-1, &set, SFD_CLOEXEC);
}

Ending run(const Program& program) {
  const double start = now_seconds();
  const pid_t child = ::fork();
  if (child < 0) return {.kind = Ending::Kind::not_started, .code = errno};
  if (child == 0) become(program);
  const int pidfd = static_cast<int>(::syscall(SYS_pidfd_open, child, 0));
  Ending ending;
  while (true) {
    pollfd entries[] = {{pidfd, POLLIN, 0}, {interrupts, POLLIN, 0}};
    const double left = start + program.limit_seconds - now_seconds();
    ::poll(entries, 2, left <= 0 ? 0 : static_cast<int>(std::ceil(left * 1000)));
    if (entries[0].revents != 0) break;
    if (entries[1].revents != 0) ending.kind = Ending::Kind::interrupted;
    if (now_seconds() >= start + program.limit_seconds) ending.kind = Ending::Kind::timed_out;
    if (ending.kind != Ending::Kind::exited) {
      ::kill(-child, SIGKILL);
      ::kill(child, SIGKILL);
      break;
    }
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  ::close(pidfd);
  ending.seconds = now_seconds() - start;
  if (ending.kind == Ending::Kind::exited) {
    const bool was_killed = WIFSIGNALED(status);
    ending.kind = was_killed ? Ending::Kind::killed : Ending::Kind::exited;
    ending.code = was_killed ? WTERMSIG(status) : WEXITSTATUS(status);
  }
  const bool was_cut_off = ending.kind != Ending::Kind::exited;
  ending.left_behind = clear_orphans(was_cut_off ? 0 : leave_by_itself_seconds);
  if (was_cut_off) ending.left_behind.clear();  // it had no chance to clean up
  return ending;
}

std::string describe(const Ending& ending) {
  switch (ending.kind) {
    case Ending::Kind::exited:
      return fmt::format("exit code {}", ending.code);
    case Ending::Kind::killed:
      return fmt::format("killed by SIG{}", ::sigabbrev_np(ending.code));
    case Ending::Kind::timed_out:
      return fmt::format("not done after {:.0f} s", ending.seconds);
    case Ending::Kind::interrupted:
      return "interrupted";
    case Ending::Kind::not_started:
      return fmt::format("cannot be started: {}", std::strerror(ending.code));
  }
  return "";
}

}  // namespace squall::runner
