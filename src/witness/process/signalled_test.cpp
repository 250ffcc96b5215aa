#include <thread>

#include <gmock/gmock.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include "sys/tracepoint.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using testing::HasSubstr;

json::object to(const Child& child, int signal) {
  json::object params = child.params();
  params["signal"] = signal;
  return params;
}
Result<std::unique_ptr<Witness>> open(const Child& child, int signal) {
  return scenes::open("process.signalled", to(child, signal));
}

class ProcessSignalled : public testing::Test {
 protected:
  void SetUp() override {
    const auto number = sys::tracepoint_number("signal", "signal_deliver");
    if (!number.ok()) GTEST_SKIP() << number.error().message;
  }
};

void handle_hangups() {
  ::signal(SIGHUP, [](int) {});
}

TEST_F(ProcessSignalled, SeesOneThatIsHandledAndCountsThem) {
  const Child child(handle_hangups);
  const auto witness = open(child, SIGHUP).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGHUP);
  const auto first = scenes::see(*witness, true);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->dose, 1.0);
  EXPECT_EQ(first->detail, "SIGHUP was delivered");
}

TEST_F(ProcessSignalled, SeesOneThatAnyThreadOfItHandles) {
  const Child child([] {
    handle_hangups();
    static const std::thread another([] {
      while (true) ::pause();
    });
    sigset_t hangup;
    sigemptyset(&hangup);
    sigaddset(&hangup, SIGHUP);
    ::pthread_sigmask(SIG_BLOCK, &hangup, nullptr);  // in the first thread alone
  });
  const auto witness = open(child, SIGHUP).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGHUP);
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST_F(ProcessSignalled, SeesNothingWhenAnotherSignalComesOrAnotherProcessGetsIt) {
  const Child child([] {
    handle_hangups();
    ::signal(SIGUSR1, [](int) {});
  });
  const Child neighbour(handle_hangups);
  const auto witness = open(child, SIGHUP).value();
  ::kill(child.pid(), SIGUSR1);
  ::kill(neighbour.pid(), SIGHUP);
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(ProcessSignalled, SeesADeadlyOneButNotAnotherEnd) {
  const Child child;
  const auto witness = open(child, SIGTERM).value();
  ::kill(child.pid(), SIGTERM);
  EXPECT_TRUE(scenes::see(*witness, true).has_value());

  const Child other;
  const auto disappointed = open(other, SIGTERM).value();
  ::kill(other.pid(), SIGKILL);
  EXPECT_TRUE(scenes::comes_to_say(*disappointed, "it was ended by SIGKILL"));
  EXPECT_TRUE(scenes::stays_off(*disappointed));
}

void block_hangups() {
  sigset_t hangup;
  sigemptyset(&hangup);
  sigaddset(&hangup, SIGHUP);
  ::sigprocmask(SIG_BLOCK, &hangup, nullptr);
}

TEST_F(ProcessSignalled, SeesABlockedOneAndTakesNoOlderOneForIt) {
  const Child child(block_hangups);
  const auto witness = open(child, SIGHUP).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGHUP);
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
  const auto late = open(child, SIGHUP);
  ASSERT_FALSE(late.ok());
  EXPECT_EQ(late.error().code, Code::conflict);
  EXPECT_THAT(late.error().message, HasSubstr("already pending"));
}

TEST_F(ProcessSignalled, SeesOneThatIsReadFromADescriptorAtOnce) {
  struct stat status {};
  if (::stat("/proc/self/ns/pid", &status) != 0 || status.st_ino != 0xEFFFFFFC) {
    GTEST_SKIP() << "in a pid namespace of its own such a signal cannot be seen";
  }
  const Child child([] {
    block_hangups();
    static const std::thread reader([] {
      sigset_t hangup;
      sigemptyset(&hangup);
      sigaddset(&hangup, SIGHUP);
      const int fd = ::signalfd(-1, &hangup, SFD_CLOEXEC);
      signalfd_siginfo info{};
      while (::read(fd, &info, sizeof info) > 0) {
      }
    });
  });
  const auto witness = open(child, SIGHUP).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGHUP);
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST_F(ProcessSignalled, SeesAStoppedProcessContinue) {
  const Child child;
  ::kill(child.pid(), SIGSTOP);
  ASSERT_EQ(::waitpid(child.pid(), nullptr, WUNTRACED), child.pid());
  const auto witness = open(child, SIGCONT).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGCONT);
  const auto sighting = scenes::see(*witness, true);
  ASSERT_TRUE(sighting.has_value());
  EXPECT_EQ(sighting->detail, "it was stopped and runs again");
}

TEST_F(ProcessSignalled, RefusesWhatWouldLeaveNoTrace) {
  const Child child([] { ::signal(SIGHUP, SIG_IGN); });
  for (const int signal : {SIGHUP, SIGCHLD, SIGWINCH, SIGCONT}) {
    const auto witness = open(child, signal);
    ASSERT_FALSE(witness.ok()) << signal;
    EXPECT_EQ(witness.error().code, Code::conflict);
    EXPECT_THAT(witness.error().message, HasSubstr("nothing would happen"));
  }
}

TEST_F(ProcessSignalled, DoesNotTakeAnotherProcessOfTheSamePidForIt) {
  const Child child(handle_hangups);
  json::object params = scenes::params_of_a_predecessor(child);
  params["signal"] = SIGHUP;
  const auto witness = scenes::open("process.signalled", params);
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
