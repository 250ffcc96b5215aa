#include "sys/promptness.h"

#include <thread>

#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace squall::sys {
namespace {

int policy_here() {
  return ::sched_getscheduler(0) & ~SCHED_RESET_ON_FORK;
}

TEST(Promptness, IsRealTimeWhereTheHostAllowsItAndOrdinaryAgain) {
  std::jthread([] {
    const Promptness got = run_promptly();
    if (got != Promptness::real_time) GTEST_SKIP() << "this host allows no real-time priority";
    EXPECT_EQ(policy_here(), SCHED_RR);
    sched_param parameters{};
    ::sched_getparam(0, &parameters);
    EXPECT_EQ(parameters.sched_priority, 1) << "the least that does it";
    run_ordinarily();
    EXPECT_EQ(policy_here(), SCHED_OTHER);
  }).join();
  EXPECT_EQ(policy_here(), SCHED_OTHER) << "no other thread is concerned";
}

TEST(Promptness, IsInheritedByNobody) {
  std::jthread([] {
    run_promptly();
    std::jthread([] { EXPECT_EQ(policy_here(), SCHED_OTHER); }).join();
    const pid_t child = ::fork();
    if (child == 0) ::_exit(policy_here() == SCHED_OTHER && ::getpriority(PRIO_PROCESS, 0) == 0);
    int status = 0;
    ::waitpid(child, &status, 0);
    EXPECT_EQ(WEXITSTATUS(status), 1);
  }).join();
}

// A user without privilege gets what there is, and is told.
TEST(Promptness, SaysWhatItGotWithoutPrivilege) {
  if (::geteuid() != 0) GTEST_SKIP() << "only root can give its privilege up";
  const pid_t child = ::fork();
  if (child == 0) {
    const rlimit none{0, 0};
    ::setrlimit(RLIMIT_RTPRIO, &none);
    ::setrlimit(RLIMIT_NICE, &none);
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    ::_exit(run_promptly() == Promptness::ordinary && policy_here() == SCHED_OTHER ? 0 : 1);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  EXPECT_EQ(promptness_words(Promptness::ordinary), "as an ordinary thread");
}

}  // namespace
}  // namespace squall::sys
