#include "change/targets_threads_test.h"

#include <array>
#include <charconv>
#include <functional>
#include <map>
#include <thread>

#include <fmt/core.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr std::size_t threads_at_first = 3;

void sleep_for_good() {
  while (true) ::pause();
}

// In the child. Threads are made by the first one only, outside of any signal handler.
[[noreturn]] void make_threads_when_told() {
  sigset_t more;
  sigemptyset(&more);
  sigaddset(&more, SIGUSR1);
  ::pthread_sigmask(SIG_BLOCK, &more, nullptr);
  std::vector<std::jthread> threads;
  for (std::size_t i = 1; i < threads_at_first; ++i) threads.emplace_back(sleep_for_good);
  while (true) {
    int signal = 0;
    if (::sigwait(&more, &signal) == 0) threads.emplace_back(sleep_for_good);
  }
}

void wait_for_threads(const ThreadedChild& child, std::size_t count) {
  const Duration deadline = sys::monotonic_now() + seconds(5);
  while (child.threads().size() < count) {
    CHECK(sys::monotonic_now() < deadline, "the child makes its threads");
  }
}

std::string summary(const std::map<std::string, int>& counts) {
  std::string text;
  for (const auto& [value, count] : counts) text += fmt::format("{} ({} threads) ", value, count);
  return text;
}

std::vector<int> own_processors() {
  cpu_set_t set;
  CPU_ZERO(&set);
  std::vector<int> numbers;
  if (::sched_getaffinity(0, sizeof set, &set) != 0) return numbers;
  for (int number = 0; number < CPU_SETSIZE; ++number) {
    if (CPU_ISSET(number, &set)) numbers.push_back(number);
  }
  return numbers;
}

}  // namespace

ThreadedChild::ThreadedChild(unsigned user) {
  const pid_t parent = ::getpid();
  pid_ = ::fork();
  CHECK(pid_ >= 0, "fork works");
  if (pid_ == 0) {
    if (user != 0) {
      CHECK(::setresgid(user, user, user) == 0, "another group");
      CHECK(::setresuid(user, user, user) == 0, "another user");
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);  // after the change of user, which resets it
    if (::getppid() != parent) ::_exit(0);
    make_threads_when_told();
  }
  wait_for_threads(*this, threads_at_first);
}

ThreadedChild::~ThreadedChild() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

sys::ProcessId ThreadedChild::id() const {
  return sys::read_process(pid_).value().id;
}

json::object ThreadedChild::params() const {
  return {{"pid", pid_}, {"start_ticks", static_cast<std::int64_t>(id().start_ticks)}};
}

std::vector<int> ThreadedChild::threads() const {
  std::vector<int> numbers;
  for (const std::string& name : sys::list_folder(fmt::format("/proc/{}/task", pid_)).value()) {
    int number = 0;
    std::from_chars(name.data(), name.data() + name.size(), number);
    numbers.push_back(number);
  }
  return numbers;
}

void ThreadedChild::make_a_thread() const {
  const std::size_t before = threads().size();
  ::kill(pid_, SIGUSR1);
  wait_for_threads(*this, before + 1);
}

std::string ThreadedChild::observe_column(std::size_t number) const {
  std::map<std::string, int> counts;
  for (const int thread : threads()) {
    const std::string text =
        sys::read_file(fmt::format("/proc/{}/task/{}/stat", pid_, thread)).value();
    const std::vector<std::string> fields = split(text.substr(text.rfind(')') + 2), ' ');
    ++counts[fields.at(number - 3)];
  }
  return summary(counts);
}

std::string ThreadedChild::observe_line(std::string_view key) const {
  std::map<std::string, int> counts;
  for (const int thread : threads()) {
    const std::string text =
        sys::read_file(fmt::format("/proc/{}/task/{}/status", pid_, thread)).value();
    for (const std::string& line : split(text, '\n')) {
      if (line.starts_with(key)) ++counts[std::string(trim(line.substr(key.size())))];
    }
  }
  return summary(counts);
}

int first_processor() {
  return own_processors().at(0);
}

int second_processor() {
  const std::vector<int> all = own_processors();
  return all.size() < 2 ? -1 : all[1];
}

}  // namespace squall::change
