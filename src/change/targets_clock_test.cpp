#include "change/targets_clock_test.h"

#include <array>
#include <cerrno>
#include <csignal>
#include <ctime>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sched.h>
#include <sys/auxv.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/file.h"

namespace squall::change {
namespace {

// As a program reads its clocks: through the C library and the vDSO.
constexpr auto read_clock = ::clock_gettime;
constexpr auto read_time_of_day = ::gettimeofday;
constexpr auto read_seconds = ::time;

std::int64_t nanoseconds_of(const timespec& at) {
  return at.tv_sec * 1'000'000'000 + at.tv_nsec;
}
std::int64_t through_kernel(clockid_t clock) {
  timespec at{};
  ::syscall(SYS_clock_gettime, clock, &at);
  return nanoseconds_of(at);
}
std::int64_t through_vdso(clockid_t clock) {
  timespec at{};
  read_clock(clock, &at);
  return nanoseconds_of(at);
}
// The least of a few, since other processes run in between.
template <class F>
std::int64_t ahead(clockid_t clock, F read) {
  std::int64_t best = 0;
  std::int64_t narrowest = INT64_MAX;
  for (int i = 0; i < 20; ++i) {
    const std::int64_t before = through_kernel(clock);
    const std::int64_t seen = read();
    const std::int64_t width = through_kernel(clock) - before;
    if (width >= narrowest) continue;
    narrowest = width;
    best = seen - before - width / 2;
  }
  return best;
}

ClockReadings read_clocks() {
  const auto own = [](clockid_t clock) {
    return ahead(clock, [clock] { return through_vdso(clock); });
  };
  ClockReadings readings;
  readings.realtime_ns = own(CLOCK_REALTIME);
  readings.read_at_ns = through_kernel(CLOCK_MONOTONIC);
  readings.coarse_ns = own(CLOCK_REALTIME_COARSE);
  readings.tai_ns = own(CLOCK_TAI);
  readings.monotonic_ns = own(CLOCK_MONOTONIC);
  readings.gettimeofday_ns = ahead(CLOCK_REALTIME, [] {
    timeval at{};
    read_time_of_day(&at, nullptr);
    return at.tv_sec * 1'000'000'000 + at.tv_usec * 1'000;
  });
  readings.time_ns = ahead(CLOCK_REALTIME, [] { return read_seconds(nullptr) * 1'000'000'000; });
  return readings;
}

[[noreturn]] void serve(int questions, int answers) {
  char question = 0;
  while (true) {
    const ssize_t got = ::read(questions, &question, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) ::_exit(0);
    if (question == 'f') {
      // The parent answers no more, but lives. The child ends when nobody can ask it any more.
      if (::fork() == 0) continue;
      while (true) ::pause();
    }
    if (question == 'e') {
      ::execl("/bin/sleep", "sleep", "60", nullptr);
      ::_exit(1);
    }
    const ClockReadings readings = read_clocks();
    static_cast<void>(::write(answers, &readings, sizeof readings) > 0);
  }
}

}  // namespace

ClockVictim::ClockVictim(Setting setting) {
  std::array<int, 2> questions{};
  std::array<int, 2> answers{};
  CHECK(::pipe2(questions.data(), O_CLOEXEC) == 0, "a pipe");
  CHECK(::pipe2(answers.data(), O_CLOEXEC) == 0, "a pipe");
  const pid_t parent = ::getpid();
  if (setting.has_own_namespaces) {
    const sys::Fd own = sys::open_file("/proc/self/ns/pid", O_RDONLY).value();
    CHECK(::unshare(CLONE_NEWPID) == 0, "a pid namespace");
    pid_ = ::fork();
    if (pid_ != 0) CHECK(::setns(own.get(), CLONE_NEWPID) == 0, "the old pid namespace");
  } else {
    pid_ = ::fork();
  }
  CHECK(pid_ >= 0, "fork works");
  if (pid_ == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (!setting.has_own_namespaces && ::getppid() != parent) ::_exit(0);
    if (setting.has_own_namespaces) CHECK(::unshare(CLONE_NEWNS) == 0, "a mount namespace");
    ::close(questions[1]);
    ::close(answers[0]);
    static std::vector<std::jthread> busy;
    for (int i = 0; i < setting.busy_threads; ++i) {
      busy.emplace_back([] {
        while (true) through_vdso(CLOCK_REALTIME);
      });
    }
    serve(questions[0], answers[1]);
  }
  ::close(questions[0]);
  ::close(answers[1]);
  ask_.reset(questions[1]);
  answer_.reset(answers[0]);
}

ClockVictim::~ClockVictim() {
  end();
}

void ClockVictim::end() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
  pid_ = 0;
}

std::optional<ClockReadings> ClockVictim::read() const {
  ClockReadings readings;
  if (::write(ask_.get(), "?", 1) != 1) return std::nullopt;
  pollfd entry{answer_.get(), POLLIN, 0};
  if (::poll(&entry, 1, 2000) != 1) return std::nullopt;
  if (::read(answer_.get(), &readings, sizeof readings) != sizeof readings) return std::nullopt;
  return readings;
}

void ClockVictim::fork_child() const {
  CHECK(::write(ask_.get(), "f", 1) == 1, "the victim listens");
}

void ClockVictim::execute_sleep() const {
  CHECK(::write(ask_.get(), "e", 1) == 1, "the victim listens");
  // Its ends of the pipes close with the old program.
  pollfd entry{answer_.get(), POLLIN, 0};
  CHECK(::poll(&entry, 1, 2000) == 1, "it executes the other program");
}

std::string ClockVictim::vdso() const {
  // A fork of ours: it stands where ours stands.
  const auto base = static_cast<std::uint64_t>(::getauxval(AT_SYSINFO_EHDR));
  const sys::Fd memory = sys::open_file(fmt::format("/proc/{}/mem", pid_), O_RDONLY).value();
  return sys::read_at(memory, base, 8192).value();
}

sys::ProcessId ClockVictim::id() const {
  return sys::read_process(pid_).value().id;
}
json::object ClockVictim::params() const {
  return {{"pid", id().pid}, {"start_ticks", static_cast<std::int64_t>(id().start_ticks)}};
}

}  // namespace squall::change
