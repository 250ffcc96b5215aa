#include <csignal>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/capability.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "change/targets_threads_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

const Kind& kind() {
  return *find(catalogue(), "process.priority");
}
json::object to(json::object params, int nice) {
  params["nice"] = nice;
  return params;
}
std::string nice_of(const ThreadedChild& child) {
  return child.observe_column(19);
}
int own_nice() {
  return ::getpriority(PRIO_PROCESS, 0);
}

TEST(ProcessPriority, ReachesEveryThreadAndThoseBornMeanwhile) {
  const ThreadedChild child;
  const int special = child.threads().back();
  ASSERT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(special), 3), 0);
  const json::object params = to(child.params(), 19);
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(kind().apply(params, before).ok());
  child.make_a_thread();
  EXPECT_EQ(nice_of(child), "19 (4 threads) ");
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::restored);
  EXPECT_EQ(nice_of(child), fmt::format("{} (3 threads) 3 (1 threads) ", own_nice()));
  EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(special)), 3);
}

TEST(ProcessPriority, LeavesTheOneThreadThatSomebodyElseChanged) {
  const ThreadedChild child;
  const json::object params = to(child.params(), 19);
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(kind().apply(params, before).ok());
  ASSERT_EQ(::setpriority(PRIO_PROCESS, static_cast<id_t>(child.threads().back()), 7), 0);
  const Reverted reverted = kind().revert(params, before).value();
  EXPECT_EQ(reverted.ending, Ending::foreign);
  EXPECT_THAT(reverted.detail, HasSubstr("to 7"));
  EXPECT_EQ(nice_of(child), fmt::format("{} (2 threads) 7 (1 threads) ", own_nice()));
}

TEST(ProcessPriority, IsGoneWithTheProcess) {
  json::object params;
  json::object before;
  {
    const ThreadedChild child;
    params = to(child.params(), 19);
    before = kind().capture(params).value();
    ASSERT_TRUE(kind().apply(params, before).ok());
  }
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::gone);
  EXPECT_EQ(kind().verify(params, before).value(), Presence::absent);
  EXPECT_EQ(kind().capture(params).error().code, Code::not_found);
  EXPECT_EQ(kind().apply(params, before).error().code, Code::not_found);
}

TEST(ProcessPriority, RefusesAZombie) {
  const Sleeper sleeper;
  const json::object params = to(sleeper.params(), 19);
  ::kill(sleeper.pid(), SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(sleeper.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(kind().capture(params).error().code, Code::not_found);
}

TEST(ProcessPriority, HasNoEffectUnderARealTimePolicyAndSaysSo) {
  const Sleeper sleeper;
  const sched_param lowest{1};
  if (::sched_setscheduler(sleeper.pid(), SCHED_RR, &lowest) != 0) {
    GTEST_SKIP() << "this host gives no real-time policy";
  }
  const Result<json::object> before = kind().capture(to(sleeper.params(), 19));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::unsupported);
  EXPECT_THAT(before.error().message, HasSubstr("no effect"));
}

// The message of capture in a child that gave up CAP_SYS_NICE, and its user if asked; "" when it
// may.
std::string refusal_without_the_right(const json::object& params, unsigned user) {
  int ends[2];
  EXPECT_EQ(::pipe(ends), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    if (user != 0) {
      if (::setresuid(user, user, user) != 0) ::_exit(1);
    } else {
      __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
      __user_cap_data_struct data[2] = {};
      if (::syscall(SYS_capget, &header, data) != 0) ::_exit(1);
      data[0].effective &= ~(1U << CAP_SYS_NICE);
      if (::syscall(SYS_capset, &header, data) != 0) ::_exit(1);
    }
    const Result<json::object> before = kind().capture(params);
    const std::string text = before.ok() ? "may" : before.error().render();
    ::_exit(::write(ends[1], text.data(), text.size()) == static_cast<ssize_t>(text.size()) ? 0
                                                                                            : 1);
  }
  ::close(ends[1]);
  std::string text(4096, '\0');
  const ssize_t got = ::read(ends[0], text.data(), text.size());
  text.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  ::close(ends[0]);
  EXPECT_EQ(::waitpid(child, nullptr, 0), child);
  return text;
}

TEST(ProcessPriority, IsRefusedBeforehandWhereItCouldNotBeTakenBack) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give up rights";
  const Sleeper ours;
  const Sleeper others({.user = 65534});
  EXPECT_THAT(refusal_without_the_right(to(ours.params(), 19), 0), HasSubstr("undo would fail"));
  EXPECT_THAT(refusal_without_the_right(to(ours.params(), -5), 0), HasSubstr("nice value -5"));
  EXPECT_THAT(refusal_without_the_right(to(others.params(), 19), 0),
              HasSubstr("belongs to another user"));
  EXPECT_THAT(refusal_without_the_right(to(ours.params(), 19), 65534),
              HasSubstr("belongs to another user"));
  EXPECT_EQ(::getpriority(PRIO_PROCESS, static_cast<id_t>(ours.pid())), own_nice())
      << "nothing was touched";
}

TEST(ProcessPriority, IsAllowedWhereTheTargetsOwnLimitIsWideEnough) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to give up rights";
  const Sleeper sleeper;
  rlimit limit{20, 20};  // nice 0 and above
  if (::prlimit(sleeper.pid(), RLIMIT_NICE, &limit, nullptr) != 0) {
    GTEST_SKIP() << "this host does not let the limit on nice values be raised";
  }
  EXPECT_EQ(refusal_without_the_right(to(sleeper.params(), 19), 0), "may");
}

TEST(ProcessPriority, RefusesNiceValuesThatThereAreNot) {
  const Sleeper sleeper;
  for (const int nice : {-21, 20}) EXPECT_FALSE(kind().footprint(to(sleeper.params(), nice)).ok());
}

}  // namespace
}  // namespace squall::change
