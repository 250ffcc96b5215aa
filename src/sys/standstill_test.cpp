#include "sys/standstill.h"

#include <atomic>
#include <csignal>
#include <memory>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/clock.h"
#include "sys/patience.h"

namespace squall::sys {
namespace {

using testing::HasSubstr;

struct Shared {
  std::atomic<std::int64_t> count{0};
  std::atomic<bool> is_ready{false};
};

// A child with two threads, one of which counts in shared memory as fast as it can.
class Counter {
 public:
  Counter() {
    void* memory =
        ::mmap(nullptr, sizeof(Shared), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    EXPECT_NE(memory, MAP_FAILED);
    shared_ = std::construct_at(static_cast<Shared*>(memory));
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const std::thread other([this] {
        while (true) {
          shared_->count.fetch_add(1);
          shared_->is_ready = true;
        }
      });
      while (true) ::pause();
    }
    Patience patience(seconds(5));
    while (!shared_->is_ready && !patience.is_over()) ::sched_yield();
  }
  ~Counter() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    ::munmap(shared_, sizeof(Shared));
  }
  Counter(const Counter&) = delete;
  Counter& operator=(const Counter&) = delete;

  ProcessId id() const { return read_process(pid_).value().id; }
  std::int64_t count() const { return shared_->count; }
  // True when it counts on within the limit.
  bool counts() const {
    const std::int64_t before = count();
    Patience patience(seconds(2));
    while (count() == before && !patience.is_over()) ::sched_yield();
    return count() != before;
  }

 private:
  int pid_ = 0;
  Shared* shared_ = nullptr;
};

TEST(Standstill, StopsEveryThreadWhileTheWorkIsDoneAndLetsThemRunOn) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "it counts threads, and ThreadSanitizer adds its own";
#endif
  const Counter counter;
  const Result<Duration> stood =
      stand_still(counter.id(), seconds(2), "", [&](const Standstill& process) -> Result<Pass> {
        if (process.threads().size() != 2) return error(Code::failed, "two threads are there");
        const std::int64_t before = counter.count();
        const Duration until = monotonic_now() + milliseconds(2);
        while (monotonic_now() < until) {
        }
        if (counter.count() != before) return error(Code::failed, "a thread ran on");
        return Pass::done;
      });
  ASSERT_TRUE(stood.ok()) << stood.error().render();
  EXPECT_GE(*stood, milliseconds(2));
  EXPECT_TRUE(counter.counts());
  EXPECT_TRUE(check_untraced(counter.id().pid).ok());
}

TEST(Standstill, ReadsAndWritesWhatTheProcessHasMapped) {
  static char text[] = "before";
  const Counter counter;  // a fork: the text stands there at the same address
  const auto address = reinterpret_cast<std::uint64_t>(&text[0]);
  const auto exchange = [&](const Standstill& process) -> Result<Pass> {
    if (TRY(process.read(address, 6)) != "before") return error(Code::failed, "what was read");
    TRY_VOID(process.write(address, "behind"));
    if (TRY(process.read(address, 6)) != "behind") return error(Code::failed, "what was written");
    EXPECT_FALSE(process.read(1, 8).ok()) << "nothing is mapped there";
    return Pass::done;
  };
  const Result<Duration> done = stand_still(counter.id(), seconds(2), "", exchange);
  ASSERT_TRUE(done.ok()) << done.error().render();
  EXPECT_STREQ(text, "before") << "only its own copy changed";
}

TEST(Standstill, TriesAgainUntilTheLimitAndSaysWhy) {
  const Counter counter;
  const Result<Duration> done =
      stand_still(counter.id(), milliseconds(20), "is never in a good place",
                  [](const Standstill&) -> Result<Pass> { return Pass::again; });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::timed_out);
  EXPECT_THAT(done.error().message, HasSubstr("is never in a good place"));
  EXPECT_TRUE(counter.counts());
}

TEST(Standstill, LetsTheProcessRunOnWhenTheTracerDies) {
  const Counter counter;
  const Result<Duration> done =
      stand_still(counter.id(), milliseconds(100), "", [](const Standstill&) -> Result<Pass> {
        ::kill(::getpid(), SIGKILL);
        return Pass::done;
      });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::failed);
  EXPECT_TRUE(counter.counts());
}

TEST(Standstill, HandsASignalOnThatArrivedMeanwhile) {
  const Counter counter;
  const pid_t pid = static_cast<pid_t>(counter.id().pid);
  // Blocked by nobody and without a handler: it ends the process, once it is delivered.
  const auto work = [&](const Standstill&) -> Result<Pass> {
    ::kill(pid, SIGTERM);
    return Pass::done;
  };
  ASSERT_TRUE(stand_still(counter.id(), seconds(2), "", work).ok());
  int status = 0;
  ASSERT_EQ(::waitpid(pid, &status, 0), pid);
  EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
}

TEST(Standstill, LeavesAStoppedProcessStopped) {
  const Counter counter;
  const pid_t pid = static_cast<pid_t>(counter.id().pid);
  ::kill(pid, SIGSTOP);
  ASSERT_EQ(::waitpid(pid, nullptr, WUNTRACED), pid);
  const auto nothing = [](const Standstill&) -> Result<Pass> { return Pass::done; };
  ASSERT_TRUE(stand_still(counter.id(), seconds(2), "", nothing).ok());
  Patience patience(seconds(2));
  while (read_process(pid)->state != 'T' && !patience.is_over()) ::sched_yield();
  EXPECT_EQ(read_process(pid)->state, 'T');
  ::kill(pid, SIGCONT);
  EXPECT_TRUE(counter.counts());
}

TEST(Standstill, RefusesAProcessThatAnotherTracerHolds) {
  const Counter counter;
  const pid_t pid = static_cast<pid_t>(counter.id().pid);
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr), 0);
  const Result<Duration> done =
      stand_still(counter.id(), milliseconds(20), "",
                  [](const Standstill&) -> Result<Pass> { return Pass::done; });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::conflict);
  EXPECT_THAT(done.error().message, HasSubstr("is being traced by test_sys"));
  ASSERT_EQ(::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr), 0);
  ASSERT_EQ(::waitpid(pid, nullptr, __WALL), pid);
  EXPECT_EQ(::ptrace(PTRACE_DETACH, pid, nullptr, nullptr), 0);
  EXPECT_TRUE(counter.counts());
}

TEST(Standstill, RefusesAReusedPid) {
  const Counter counter;
  ProcessId stale = counter.id();
  ++stale.start_ticks;
  const Result<Duration> done = stand_still(
      stale, seconds(1), "",
      [](const Standstill&) -> Result<Pass> { return error(Code::failed, "this must not run"); });
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::sys
