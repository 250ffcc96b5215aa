// runit and s6 for real: runsv and s6-supervise watch a service in a folder of ours.
#include <csignal>
#include <filesystem>

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "reach/service/calls_test.h"
#include "sys/private_supervisor_test.h"

namespace squall::reach {
namespace {

using calls::problem;
using calls::Service;
using testing::HasSubstr;

struct Flavour {
  std::string manager;
  std::string program;
};
void PrintTo(const Flavour& flavour, std::ostream* out) {
  *out << flavour.manager;
}

class Supervised : public testing::TestWithParam<Flavour> {
 protected:
  void SetUp() override {
    supervisor_ = sys::PrivateSupervisor::start(GetParam().program);
    if (supervisor_ == nullptr) GTEST_SKIP() << GetParam().program << " is not installed";
  }
  Service service() const { return {GetParam().manager, supervisor_->folder(), "victim"}; }
  char state() const { return sys::read_process(service().pid()).value().state; }

  std::unique_ptr<sys::PrivateSupervisor> supervisor_;
};

TEST_P(Supervised, ShowsTheServiceAndItsProcess) {
  const json::object shown = service().shown();
  EXPECT_EQ(text_at(shown, "phase"), "running");
  EXPECT_EQ(text_at(shown, "detail"), "running");
  EXPECT_EQ(sys::read_process(service().pid())->command_line, "/bin/sleep 1000");
}

TEST_P(Supervised, PausesAndContinues) {
  EXPECT_EQ(problem(service().show("freeze")), "");
  EXPECT_EQ(problem(service().act("freeze")), "");
  EXPECT_EQ(state(), 'T');
  EXPECT_TRUE(bool_at(service().shown(), "frozen"));
  EXPECT_EQ(problem(service().act("thaw")), "");
  EXPECT_NE(state(), 'T');
  EXPECT_FALSE(bool_at(service().shown(), "frozen"));
}

TEST_P(Supervised, StopsAndStarts) {
  const std::int64_t before = service().pid();
  EXPECT_EQ(problem(service().act("stop")), "");
  EXPECT_EQ(service().phase(), "stopped");
  EXPECT_EQ(problem(service().act("start")), "");
  EXPECT_EQ(service().phase(), "running");
  EXPECT_NE(service().pid(), before);
}

TEST_P(Supervised, KillsAndRestartsWithTheLettersThatThereAre) {
  std::int64_t before = service().pid();
  for (const auto& [act, signal] : {std::pair("kill", SIGKILL), std::pair("restart", 0)}) {
    EXPECT_EQ(problem(service().act(act, {{"signal", signal == 0 ? 9 : signal}})), "");
    const Duration deadline = sys::monotonic_now() + seconds(10);
    while ((service().pid() == before || service().pid() == 0) && sys::monotonic_now() < deadline) {
      sys::sleep_until(sys::monotonic_now() + milliseconds(5));
    }
    EXPECT_NE(service().pid(), before) << act;
    before = service().pid();
  }
  EXPECT_THAT(problem(service().act("kill", {{"signal", SIGSEGV}})),
              HasSubstr("unsupported: " + GetParam().manager + " cannot send SIGSEGV to"));
}

TEST_P(Supervised, SaysBeforehandWhatCannotBeDone) {
  EXPECT_THAT(problem(service().show("mask")), HasSubstr("unsupported: " + GetParam().manager));
  EXPECT_THAT(problem(service().show("exhaust")), HasSubstr("it never gives up"));
  Service other = service();
  other.unit = "ghost";
  EXPECT_THAT(problem(other.show()), HasSubstr("not_found: no supervisor watches"));
  other.unit = "../victim";
  EXPECT_THAT(problem(other.show()), HasSubstr("invalid:"));
}

TEST_P(Supervised, SeesThatItsSupervisorIsGone) {
  const Service one = service();
  supervisor_->stop_supervising();
  EXPECT_THAT(problem(one.show()), HasSubstr("not_found: no supervisor watches"));
}

INSTANTIATE_TEST_SUITE_P(Kinds, Supervised,
                         testing::Values(Flavour{"runit", "/usr/bin/runsv"},
                                         Flavour{"s6", "/usr/bin/s6-supervise"}),
                         [](const auto& one) { return one.param.manager; });

}  // namespace
}  // namespace squall::reach
