#include "sys/seccomp.h"

#include <array>
#include <csignal>
#include <cstddef>

#include <gtest/gtest.h>
#include <linux/audit.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

namespace squall::sys {
namespace {

seccomp_data call(int number, std::uint64_t first = 0) {
  seccomp_data made{};
  made.nr = number;
  made.args[0] = first;
  return made;
}

constexpr std::uint32_t first_argument = offsetof(seccomp_data, args);

// Kills clock_gettime(2) of every clock but CLOCK_MONOTONIC, and lets all else pass.
std::array<sock_filter, 6> only_monotonic() {
  return {{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_clock_gettime, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first_argument),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CLOCK_MONOTONIC, 1, 0),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  }};
}

TEST(Seccomp, RunsAFilterAsTheKernelDoes) {
  const auto filter = only_monotonic();
  EXPECT_EQ(run_seccomp_filter(filter, call(SYS_read)), SECCOMP_RET_ALLOW);
  EXPECT_EQ(run_seccomp_filter(filter, call(SYS_clock_gettime, CLOCK_MONOTONIC)),
            SECCOMP_RET_ALLOW);
  EXPECT_EQ(run_seccomp_filter(filter, call(SYS_clock_gettime, CLOCK_REALTIME)),
            SECCOMP_RET_KILL_PROCESS);
}

TEST(Seccomp, KnowsTheOtherStepsOfTheMachine) {
  const std::array<sock_filter, 12> program{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, first_argument),  // 7
      BPF_STMT(BPF_ST, 3),
      BPF_STMT(BPF_LDX | BPF_W | BPF_MEM, 3),
      BPF_STMT(BPF_ALU | BPF_MUL | BPF_X, 0),    // 49
      BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 1),    // 98
      BPF_STMT(BPF_ALU | BPF_SUB | BPF_K, 100),  // -2
      BPF_STMT(BPF_ALU | BPF_NEG, 0),            // 2
      BPF_STMT(BPF_ALU | BPF_OR | BPF_K, 0x10),
      BPF_STMT(BPF_MISC | BPF_TAX, 0),
      BPF_JUMP(BPF_JMP | BPF_JA, 1, 0, 0),
      BPF_STMT(BPF_RET | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_A, 0),
  }};
  EXPECT_EQ(run_seccomp_filter(program, call(0, 7)), 0x12U);
}

TEST(Seccomp, RefusesProgramsThatTheKernelWouldRefuse) {
  const std::array<sock_filter, 1> endless{{BPF_STMT(BPF_LD | BPF_IMM, 1)}};
  EXPECT_EQ(run_seccomp_filter(endless, call(0)), std::nullopt);
  const std::array<sock_filter, 2> outside{{
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, sizeof(seccomp_data)),
      BPF_STMT(BPF_RET | BPF_A, 0),
  }};
  EXPECT_EQ(run_seccomp_filter(outside, call(0)), std::nullopt);
  const std::array<sock_filter, 2> by_zero{{
      BPF_STMT(BPF_ALU | BPF_DIV | BPF_K, 0),
      BPF_STMT(BPF_RET | BPF_A, 0),
  }};
  EXPECT_EQ(run_seccomp_filter(by_zero, call(0)), std::nullopt);
}

TEST(Seccomp, AsksTheFiltersOfAnotherProcess) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    auto filter = only_monotonic();
    const sock_fprog program{static_cast<unsigned short>(filter.size()), filter.data()};
    ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
    if (::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) != 0) ::_exit(1);
    ::raise(SIGSTOP);
    ::_exit(0);
  }
  ASSERT_EQ(::waitpid(child, nullptr, WUNTRACED), child);
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, child, nullptr, nullptr), 0);
  ASSERT_EQ(::ptrace(PTRACE_INTERRUPT, child, nullptr, nullptr), 0);
  ASSERT_EQ(::waitpid(child, nullptr, __WALL), child);
  EXPECT_TRUE(has_seccomp(child));
  const Result<bool> monotonic = seccomp_allows(child, call(SYS_clock_gettime, CLOCK_MONOTONIC));
  const Result<bool> realtime = seccomp_allows(child, call(SYS_clock_gettime, CLOCK_REALTIME));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ASSERT_TRUE(monotonic.ok()) << monotonic.error().render();
  EXPECT_TRUE(*monotonic);
  EXPECT_FALSE(realtime.value());
}

TEST(Seccomp, LetsAThreadWithoutFiltersDoEverything) {
  EXPECT_FALSE(has_seccomp(::getpid()));
  EXPECT_TRUE(seccomp_allows(::getpid(), call(SYS_clock_gettime)).value());
}

}  // namespace
}  // namespace squall::sys
