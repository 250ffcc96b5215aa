// supervisor for real, over its own XML-RPC.
#include <csignal>

#include "reach/service/calls_test.h"
#include "sys/clock.h"
#include "sys/private_supervisord_test.h"

namespace squall::reach {
namespace {

using calls::problem;
using calls::Service;
using testing::HasSubstr;

class Supervisord : public testing::Test {
 protected:
  // One for all tests: it takes most of a second to start.
  static void SetUpTestSuite() { supervisord_ = sys::PrivateSupervisord::start(); }
  static void TearDownTestSuite() { supervisord_.reset(); }
  void SetUp() override {
    if (supervisord_ == nullptr) GTEST_SKIP() << "supervisor is not installed";
    if (supervisord_->child_pid() == 0) {
      EXPECT_EQ(problem(service().act("start")), "");
    }
  }
  static Service service() { return {"supervisor", supervisord_->socket(), "victim"}; }

  static inline std::unique_ptr<sys::PrivateSupervisord> supervisord_;
};

TEST_F(Supervisord, ShowsTheProgramAndItsProcess) {
  EXPECT_EQ(service().phase(), "running");
  EXPECT_EQ(text_at(service().shown(), "detail"), "RUNNING");
  EXPECT_EQ(service().pid(), supervisord_->child_pid());
}

TEST_F(Supervisord, StopsAndStarts) {
  EXPECT_EQ(problem(service().act("stop")), "");
  EXPECT_EQ(supervisord_->child_pid(), 0);
  EXPECT_EQ(service().phase(), "stopped");
  EXPECT_EQ(problem(service().act("stop")), "") << "it is stopped already";
  EXPECT_EQ(problem(service().act("start")), "");
  EXPECT_NE(supervisord_->child_pid(), 0);
  EXPECT_EQ(problem(service().act("start")), "") << "it runs already";
}

TEST_F(Supervisord, FreezesAndThaws) {
  EXPECT_EQ(problem(service().act("freeze")), "");
  EXPECT_EQ(sys::read_process(supervisord_->child_pid())->state, 'T');
  EXPECT_TRUE(bool_at(service().shown(), "frozen"));
  EXPECT_EQ(problem(service().act("thaw")), "");
  EXPECT_NE(sys::read_process(supervisord_->child_pid())->state, 'T');
}

TEST_F(Supervisord, KillsAProgramWhichSupervisorThenStartsAgain) {
  const std::int64_t before = supervisord_->child_pid();
  EXPECT_EQ(problem(service().act("kill", {{"signal", SIGKILL}})), "");
  const Duration deadline = sys::monotonic_now() + seconds(10);
  std::int64_t now = before;
  while ((now == before || now == 0) && sys::monotonic_now() < deadline) {
    now = supervisord_->child_pid();
  }
  EXPECT_NE(now, before);
  EXPECT_NE(now, 0);
}

TEST_F(Supervisord, SaysWhatItCannotDoOrFind) {
  EXPECT_THAT(problem(service().show("restart")), HasSubstr("nobody would start it"));
  EXPECT_THAT(problem(service().show("mask")), HasSubstr("unsupported: supervisor cannot mask"));
  const Service ghost{"supervisor", supervisord_->socket(), "ghost"};
  EXPECT_THAT(problem(ghost.show()), HasSubstr("not_found: supervisor knows no program ghost"));
  const Service nowhere{"supervisor", "/nowhere/sock", "victim"};
  EXPECT_THAT(problem(nowhere.show()), HasSubstr("unsupported: no supervisor answers on /nowhere"));
}

}  // namespace
}  // namespace squall::reach
