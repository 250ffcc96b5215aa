#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "probes/measure_test.h"
#include "sys/fd.h"
#include "sys/file.h"

namespace squall::probe {
namespace {

using ::testing::HasSubstr;

// A forked child with a name of its own that waits until it is killed.
class Child {
 public:
  Child() {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ != 0) {
      // The name is set before the first stop: waiting for that stop waits for the name.
      ::waitpid(pid_, nullptr, WUNTRACED);
      ::kill(pid_, SIGCONT);
      ::waitpid(pid_, nullptr, WCONTINUED);
      return;
    }
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "squall-probed");
    if (::getppid() != parent) ::_exit(0);
    ::raise(SIGSTOP);
    while (true) ::pause();
  }
  ~Child() { end(); }
  void stop() const {
    ::kill(pid_, SIGSTOP);
    ::waitpid(pid_, nullptr, WUNTRACED);
  }
  void end() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  // Killed but not reaped: a zombie.
  void kill_only() const {
    ::kill(pid_, SIGKILL);
    siginfo_t ignored{};
    ::waitid(P_PID, static_cast<id_t>(pid_), &ignored, WEXITED | WNOWAIT);
  }
  std::int64_t pid() const { return pid_; }

 private:
  pid_t pid_ = 0;
};

json::object selecting(json::object select) {
  json::object params;
  params["select"] = std::move(select);
  return params;
}

// Only among our own children: other runs of this test have children of the same name.
json::object own_children() {
  return selecting({{"name", "squall-prob*"}, {"parent", ::getpid()}});
}

TEST(ProcessProbe, CountsAndLooksAtTheOldest) {
  const Child first;
  const Child second;
  const Sample sample = measure("process", own_children());
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reached"), true);
  EXPECT_EQ(sample.values.at("count"), 2U);
  EXPECT_EQ(sample.values.at("oldest_pid"), std::min(first.pid(), second.pid()));
  EXPECT_LT(duration_in(sample, "uptime"), seconds(60));
  EXPECT_EQ(why_broken(sample, "process", R"({"count": "2..3", "uptime": "< 1 min"})"), "");
}

TEST(ProcessProbe, SeesThatAProcessIsStopped) {
  const Child child;
  child.stop();
  const Sample sample = measure("process", selecting({{"pid", child.pid()}}));
  EXPECT_EQ(sample.values.at("state"), "stopped");
  EXPECT_EQ(why_broken(sample, "process", R"({"state": "!= stopped"})"),
            "state is \"stopped\", which it must not be");
}

TEST(ProcessProbe, KnowsTheAgeOfALongRunningProcess) {
  const Sample own = measure("process", selecting({{"pid", 1}}));
  ASSERT_EQ(own.problem, "");
  EXPECT_GT(duration_in(own, "uptime"), seconds(1));
  EXPECT_LT(duration_in(own, "uptime"), parse_duration("3650 d").value());
}

TEST(ProcessProbe, CanDemandThatThereIsNone) {
  Child child;
  child.end();
  const Sample sample = measure("process", own_children());
  EXPECT_THAT(sample.problem, HasSubstr("no process matches name squall-prob*"));
  EXPECT_EQ(sample.values.at("count"), 0U);
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_EQ(why_broken(sample, "process", R"({"count": 0})"), "");
  EXPECT_EQ(why_broken(sample, "process", R"({"count": "> 0"})"), "count is 0, not > 0");
  EXPECT_EQ(why_broken(sample, "process", R"({"uptime": "> 1 s"})"), sample.problem);
}

TEST(ProcessProbe, DoesNotCountTheDead) {
  const Child child;
  child.kill_only();
  EXPECT_EQ(measure("process", own_children()).values.at("count"), 0U);
}

TEST(ProcessProbe, TakesAMissingPidFileOrUnitForNoProcess) {
  for (const json::object& select :
       {json::object{{"pid_file", "/no/such.pid"}}, json::object{{"unit", "no-such.service"}}}) {
    const Sample sample = measure("process", selecting(select));
    EXPECT_NE(sample.problem, "");
    EXPECT_EQ(sample.values.at("count"), 0U) << sample.problem;
  }
}

TEST(ProcessProbe, ClaimsNothingWhenThePidFileIsNonsense) {
  const std::string path = fmt::format("/tmp/squall-process-test-{}.pid", ::getpid());
  ASSERT_TRUE(sys::write_file_durably(path, "not a pid\n").ok());
  const Sample sample = measure("process", selecting({{"pid_file", path}}));
  ASSERT_TRUE(sys::remove_file(path).ok());
  EXPECT_THAT(sample.problem, HasSubstr(path));
  EXPECT_TRUE(sample.values.empty());
}

TEST(ProcessProbe, NeverMeansItselfByCommandLine) {
  const Result<std::string> own = sys::read_file("/proc/self/cmdline");
  ASSERT_TRUE(own.ok());
  const std::string program(own->c_str());
  const Sample mine =
      measure("process", selecting({{"command_line", program}, {"pid", ::getpid()}}));
  EXPECT_EQ(mine.values.at("count"), 0U);
  EXPECT_EQ(measure("process", selecting({{"pid", ::getpid()}})).values.at("count"), 1U);
}

TEST(ProcessProbe, RefusesASelectorThatPicks) {
  EXPECT_THAT(mistake_in("process", selecting({{"name", "a"}, {"pick", "one"}})),
              HasSubstr("every process that matches"));
  EXPECT_THAT(mistake_in("process", selecting({})), HasSubstr("says nothing"));
}

}  // namespace
}  // namespace squall::probe
