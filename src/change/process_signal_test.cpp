#include <csignal>

#include <gtest/gtest.h>
#include <sys/wait.h>

#include "change/change.h"
#include "change/targets_test.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "process.signal");
}
json::object params_of(const Sleeper& sleeper, int signal) {
  json::object params = sleeper.params();
  params["signal"] = signal;
  return params;
}

TEST(ProcessSignal, EndsTheProcessWithThatSignal) {
  const Sleeper sleeper;
  const json::object params = params_of(sleeper, SIGTERM);
  ASSERT_TRUE(kind().apply(params, kind().capture(params).value()).ok());
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(sleeper.pid()), &info, WEXITED | WNOWAIT), 0);
  EXPECT_EQ(info.si_code, CLD_KILLED);
  EXPECT_EQ(info.si_status, SIGTERM);
}

TEST(ProcessSignal, RefusesSignalsThatWouldLeaveItStopped) {
  const Sleeper sleeper;
  for (const int signal : {SIGSTOP, SIGTSTP, SIGTTIN, SIGTTOU}) {
    const Result<Footprint> touched = kind().footprint(params_of(sleeper, signal));
    ASSERT_FALSE(touched.ok()) << signal;
    EXPECT_EQ(touched.error().code, Code::refused);
    EXPECT_NE(touched.error().next.find("process.stop"), std::string::npos);
  }
}

TEST(ProcessSignal, ContendsWithAStopOnlyWhenItContinues) {
  const Sleeper sleeper;
  const std::vector<std::string> stopped =
      find(catalogue(), "process.stop")->footprint(sleeper.params())->resources;
  EXPECT_EQ(kind().footprint(params_of(sleeper, SIGCONT))->resources, stopped);
  EXPECT_TRUE(kind().footprint(params_of(sleeper, SIGKILL))->resources.empty());
}

TEST(ProcessSignal, FindsNobodyWhereTheProcessEndedBefore) {
  const Sleeper sleeper;
  const json::object params = params_of(sleeper, SIGTERM);
  ::kill(sleeper.pid(), SIGKILL);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(sleeper.pid()), &info, WEXITED | WNOWAIT), 0);
  const Result<json::object> captured = kind().capture(params);  // a zombie by now
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code, Code::not_found);
}

TEST(ProcessSignal, RefusesNumbersThatAreNoSignals) {
  const Sleeper sleeper;
  for (const int signal : {0, -9, 65}) {
    EXPECT_FALSE(kind().footprint(params_of(sleeper, signal)).ok()) << signal;
  }
}

}  // namespace
}  // namespace squall::change
