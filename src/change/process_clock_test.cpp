#include <atomic>
#include <csignal>
#include <ctime>
#include <memory>

#include <fcntl.h>
#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/auxv.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <ucontext.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_clock_test.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/patience.h"
#include "sys/vdso.h"

#if defined(__x86_64__)
namespace squall::change {
namespace {

using testing::HasSubstr;

constexpr double millisecond = 1e6;
constexpr std::int64_t second = 1'000'000'000;

const Kind& kind() {
  return *find(catalogue(), "process.clock");
}

json::object shifted(json::object params, std::int64_t offset_ns, std::int64_t rate_ppb = 0) {
  params["offset_ns"] = offset_ns;
  params["rate_ppb"] = rate_ppb;
  return params;
}

class ProcessClock : public testing::Test {
 protected:
  void apply(const json::object& params) {
    params_ = params;
    before_ = kind().capture(params_).value();
    const Result<json::object> facts = kind().apply(params_, before_);
    ASSERT_TRUE(facts.ok()) << facts.error().render();
  }
  Reverted revert() {
    Result<Reverted> reverted = kind().revert(params_, before_);
    EXPECT_TRUE(reverted.ok()) << reverted.error().render();
    return reverted.ok() ? *reverted : Reverted{};
  }
  Presence presence() const { return kind().verify(params_, before_).value(); }

  json::object params_;
  json::object before_;
};

TEST_F(ProcessClock, MovesEveryWallClockExactlyAndNoOther) {
  for (const std::int64_t offset : {90 * second, -1'500'000'000L, 250'000L}) {
    const ClockVictim victim;
    apply(shifted(victim.params(), offset));
    const std::optional<ClockReadings> seen = victim.read();
    ASSERT_TRUE(seen.has_value());
    const auto wanted = static_cast<double>(offset);
    EXPECT_NEAR(static_cast<double>(seen->realtime_ns), wanted, millisecond / 10);
    EXPECT_NEAR(static_cast<double>(seen->tai_ns), wanted, millisecond / 10);
    EXPECT_NEAR(static_cast<double>(seen->gettimeofday_ns), wanted, millisecond / 10);
    EXPECT_NEAR(static_cast<double>(seen->coarse_ns), wanted, 10 * millisecond) << "a tick";
    EXPECT_LE(seen->time_ns, offset + second / 100) << "it counts whole seconds";
    EXPECT_GE(seen->time_ns, offset - second - second / 100);
    EXPECT_NEAR(static_cast<double>(seen->monotonic_ns), 0, millisecond / 10);
    EXPECT_EQ(revert().ending, Ending::restored);
    EXPECT_NEAR(static_cast<double>(victim.read()->realtime_ns), 0, millisecond / 10);
  }
}

TEST_F(ProcessClock, RunsOffAtTheRateAskedFor) {
  for (const std::int64_t ppb : {100'000'000L, -50'000'000L}) {
    const ClockVictim victim;
    const Duration start = sys::monotonic_now();
    apply(shifted(victim.params(), 0, ppb));
    const Duration begun = sys::monotonic_now();
    std::optional<ClockReadings> seen;
    Duration asked;
    sys::Patience patience(seconds(5));
    do {
      asked = sys::monotonic_now();
      seen = victim.read();
      ASSERT_TRUE(seen.has_value());
    } while (std::abs(seen->realtime_ns) < 5'000'000 && !patience.is_over());
    const Duration answered = sys::monotonic_now();
    const double rate = static_cast<double>(ppb) / 1e9;
    const double least = (asked - begun).seconds() * std::abs(rate) * 1e9;
    const double most = (answered - start).seconds() * std::abs(rate) * 1e9;
    const double gone = static_cast<double>(seen->realtime_ns) * (rate < 0 ? -1 : 1);
    EXPECT_GE(gone, least - millisecond / 10);
    EXPECT_LE(gone, most + millisecond / 10);
    EXPECT_EQ(revert().ending, Ending::restored);
  }
}

TEST_F(ProcessClock, IsPutInAndTakenOutUnderThreadsThatReadTheClockAllTheTime) {
  const ClockVictim victim({.busy_threads = 6});
  for (int i = 0; i < 10; ++i) {
    apply(shifted(victim.params(), 60 * second));
    ASSERT_TRUE(victim.read().has_value());
    EXPECT_EQ(presence(), Presence::in_force);
    EXPECT_EQ(revert().ending, Ending::restored);
    EXPECT_EQ(presence(), Presence::absent);
  }
  EXPECT_NEAR(static_cast<double>(victim.read()->realtime_ns), 0, millisecond);
}

TEST_F(ProcessClock, PutsChildrenRightThatWereForkedMeanwhile) {
  const ClockVictim victim;
  apply(shifted(victim.params(), 60 * second));
  victim.fork_child();
  ASSERT_NEAR(static_cast<double>(victim.read()->realtime_ns), 60e9, millisecond) << "the child";
  const Reverted reverted = revert();
  EXPECT_EQ(reverted.ending, Ending::restored);
  EXPECT_EQ(reverted.detail, "with 1 children");
  EXPECT_NEAR(static_cast<double>(victim.read()->realtime_ns), 0, millisecond) << "the child";
}

TEST_F(ProcessClock, PutsChildrenRightAfterTheVictimEnded) {
  auto victim = std::make_unique<ClockVictim>();
  apply(shifted(victim->params(), 60 * second));
  victim->fork_child();
  ASSERT_TRUE(victim->read().has_value());
  victim->end();
  EXPECT_EQ(revert().ending, Ending::gone);
  EXPECT_NEAR(static_cast<double>(victim->read()->realtime_ns), 0, millisecond) << "the child";
}

TEST_F(ProcessClock, IsOverWhenTheVictimExecutesAnotherProgram) {
  const ClockVictim victim;
  apply(shifted(victim.params(), 60 * second));
  victim.execute_sleep();
  EXPECT_EQ(presence(), Presence::absent);
  EXPECT_EQ(revert().ending, Ending::was_absent);
}

TEST_F(ProcessClock, RefusesAVictimWithATracer) {
  const ClockVictim victim;
  const auto pid = static_cast<pid_t>(victim.id().pid);
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, pid, nullptr, nullptr), 0);
  const Result<json::object> before = kind().capture(shifted(victim.params(), second));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::conflict);
  EXPECT_THAT(before.error().message, HasSubstr("is being traced by test_change"));
  ASSERT_EQ(::ptrace(PTRACE_INTERRUPT, pid, nullptr, nullptr), 0);
  ASSERT_EQ(::waitpid(pid, nullptr, __WALL), pid);
  ASSERT_EQ(::ptrace(PTRACE_DETACH, pid, nullptr, nullptr), 0);
}

TEST_F(ProcessClock, RefusesASecondSkewAndSkewedChildren) {
  const ClockVictim victim;
  apply(shifted(victim.params(), 60 * second));
  const Result<json::object> again = kind().capture(shifted(victim.params(), second));
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::conflict);
  EXPECT_EQ(revert().ending, Ending::restored);
}

TEST_F(ProcessClock, RefusesASandboxThatWouldKillTheVictim) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    sock_filter filter[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_gettimeofday, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    const sock_fprog program{4, filter};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
    ::raise(SIGSTOP);
    while (true) ::pause();
  }
  ASSERT_EQ(::waitpid(child, nullptr, WUNTRACED), child);
  const sys::ProcessId id = sys::read_process(child)->id;
  const json::object params = shifted(
      {{"pid", id.pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}}, second);
  const json::object before = kind().capture(params).value();
  const Result<json::object> facts = kind().apply(params, before);
  EXPECT_EQ(kind().verify(params, before).value(), Presence::absent);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_FALSE(facts.ok());
  EXPECT_EQ(facts.error().code, Code::unsupported);
  EXPECT_THAT(facts.error().message, HasSubstr("does not allow gettimeofday(2)"));
}

// --- a thread that comes back into the stub from a signal handler --------------------------------

struct Handling {
  std::uint64_t stub_begin = 0;
  std::uint64_t stub_end = 0;
  std::atomic<bool> stands_in_clock{false};
  std::atomic<bool> may_return{false};
  std::atomic<std::int64_t> readings{0};
};
Handling* handling = nullptr;
constexpr auto read_clock = ::clock_gettime;

// Stays in the handler when the signal came in the middle of the stub.
void stay_if_in_clock(int, siginfo_t*, void* context) {
  const auto* state = static_cast<const ucontext_t*>(context);
  const auto at = static_cast<std::uint64_t>(state->uc_mcontext.gregs[REG_RIP]);
  if (at < handling->stub_begin || at >= handling->stub_end || handling->may_return) return;
  handling->stands_in_clock = true;
  while (!handling->may_return) ::sched_yield();
}

[[noreturn]] void read_clock_under_a_timer() {
  struct sigaction action {};
  action.sa_sigaction = stay_if_in_clock;
  action.sa_flags = SA_SIGINFO;
  ::sigaction(SIGALRM, &action, nullptr);
  while (true) {
    timespec now{};
    read_clock(CLOCK_REALTIME, &now);
    handling->readings.fetch_add(1);
  }
}

TEST_F(ProcessClock, WaitsForAThreadThatWillReturnIntoAClockCall) {
  void* memory =
      ::mmap(nullptr, sizeof(Handling), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  handling = std::construct_at(static_cast<Handling*>(memory));
  const std::string image = sys::own_vdso().value();
  const std::uint64_t base = ::getauxval(AT_SYSINFO_EHDR);
  handling->stub_begin = base + sys::vdso_padding(image);
  handling->stub_end = base + image.size();
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    read_clock_under_a_timer();
  }
  sys::Patience patience(seconds(10));
  while (handling->readings == 0 && !patience.is_over()) ::sched_yield();
  const sys::ProcessId id = sys::read_process(child)->id;
  apply(shifted({{"pid", id.pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}},
                second));
  while (!handling->stands_in_clock && !patience.is_over()) ::kill(child, SIGALRM);
  ASSERT_TRUE(handling->stands_in_clock);
  const Result<Reverted> early = kind().revert(params_, before_);
  ASSERT_FALSE(early.ok()) << "the way back was taken away under the thread";
  EXPECT_EQ(early.error().code, Code::timed_out);
  handling->may_return = true;
  EXPECT_EQ(revert().ending, Ending::restored);
  const std::int64_t before = handling->readings;
  while (handling->readings == before && !patience.is_over()) ::sched_yield();
  EXPECT_GT(handling->readings, before) << "the victim lives on";
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::munmap(memory, sizeof(Handling));
}

TEST_F(ProcessClock, SaysInWordsHowFarOff) {
  json::object params{{"pid", 7}, {"start_ticks", 1}};
  EXPECT_EQ(kind().describe(shifted(params, -90 * second)),
            "put the wall clock of process 7 off: 90 s behind");
  EXPECT_EQ(kind().describe(shifted(params, second, 500'000)),
            "put the wall clock of process 7 off: 1 s ahead and 500 ppm too fast");
}

}  // namespace
}  // namespace squall::change
#endif
