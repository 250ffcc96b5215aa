#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_test.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "process.rlimit");
}
json::object params_of(const Sleeper& sleeper, const char* resource, std::int64_t soft) {
  json::object params = sleeper.params();
  params["resource"] = resource;
  params["soft"] = soft;
  return params;
}
rlimit limit_of(const Sleeper& sleeper, __rlimit_resource resource) {
  rlimit limit{};
  EXPECT_EQ(::prlimit(sleeper.pid(), resource, nullptr, &limit), 0);
  return limit;
}

TEST(ProcessRlimit, ChangesTheSoftLimitAndKeepsTheHardOne) {
  const Sleeper sleeper;
  const rlimit old = limit_of(sleeper, RLIMIT_NOFILE);
  const json::object params = params_of(sleeper, "nofile", 12);
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(kind().apply(params, before).ok());
  EXPECT_EQ(limit_of(sleeper, RLIMIT_NOFILE).rlim_cur, 12U);
  EXPECT_EQ(limit_of(sleeper, RLIMIT_NOFILE).rlim_max, old.rlim_max);
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::restored);
  EXPECT_EQ(limit_of(sleeper, RLIMIT_NOFILE).rlim_cur, old.rlim_cur);
}

TEST(ProcessRlimit, GivesBackAnUnlimitedOne) {
  const Sleeper sleeper;
  if (limit_of(sleeper, RLIMIT_AS).rlim_max != RLIM_INFINITY) GTEST_SKIP() << "memory is limited";
  const rlimit open{RLIM_INFINITY, RLIM_INFINITY};
  ASSERT_EQ(::prlimit(sleeper.pid(), RLIMIT_AS, &open, nullptr), 0);
  const json::object params = params_of(sleeper, "as", 1 << 20);
  const json::object before = kind().capture(params).value();
  EXPECT_EQ(text_at(before, "soft"), "unlimited");
  ASSERT_TRUE(kind().apply(params, before).ok());
  EXPECT_EQ(limit_of(sleeper, RLIMIT_AS).rlim_cur, 1U << 20);
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::restored);
  EXPECT_EQ(limit_of(sleeper, RLIMIT_AS).rlim_cur, RLIM_INFINITY);
}

TEST(ProcessRlimit, RefusesASoftLimitAboveTheHardOne) {
  const Sleeper sleeper;
  const rlimit low{8, 8};
  ASSERT_EQ(::prlimit(sleeper.pid(), RLIMIT_NOFILE, &low, nullptr), 0);
  const Result<json::object> captured = kind().capture(params_of(sleeper, "nofile", 9));
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code, Code::invalid);
}

TEST(ProcessRlimit, RefusesLimitsWhoseBreachKills) {
  const Sleeper sleeper;
  for (const char* resource : {"cpu", "fsize", "rttime", "", "NOFILE"}) {
    EXPECT_FALSE(kind().footprint(params_of(sleeper, resource, 9)).ok()) << resource;
  }
}

TEST(ProcessRlimit, LeavesALimitThatWasLoweredBelowTheOldOneMeanwhile) {
  const Sleeper sleeper;
  const json::object params = params_of(sleeper, "nofile", 12);
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(kind().apply(params, before).ok());
  const rlimit lowered{12, 20};
  ASSERT_EQ(::prlimit(sleeper.pid(), RLIMIT_NOFILE, &lowered, nullptr), 0);
  const Result<Reverted> reverted = kind().revert(params, before);
  ASSERT_TRUE(reverted.ok());
  EXPECT_EQ(reverted->ending, Ending::foreign);
  EXPECT_EQ(limit_of(sleeper, RLIMIT_NOFILE).rlim_cur, 12U);
}

TEST(ProcessRlimit, HasNothingToUndoOnceTheProcessEnded) {
  const Sleeper sleeper;
  const json::object params = params_of(sleeper, "nofile", 12);
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(kind().apply(params, before).ok());
  ::kill(sleeper.pid(), SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(sleeper.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::gone);
  EXPECT_EQ(kind().verify(params, before).value(), Presence::absent);
}

// In a child: an ordinary user may not limit somebody else's process.
TEST(ProcessRlimit, SaysWhatToDoWithoutTheRight) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const Sleeper sleeper;
  const json::object params = params_of(sleeper, "nofile", 12);
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(65533, 65533, 65533) != 0 || ::setresuid(65533, 65533, 65533) != 0) ::_exit(1);
    const Result<json::object> applied = kind().apply(params, {});
    const bool is_right = !applied.ok() && applied.error().code == Code::refused &&
                          applied.error().next.find("as root") != std::string::npos;
    ::_exit(is_right ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_NE(limit_of(sleeper, RLIMIT_NOFILE).rlim_cur, 12U);
}

}  // namespace
}  // namespace squall::change
