#include <thread>

#include <fmt/core.h>
#include <sys/ptrace.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;

// Runs in the child, which never ends by itself: the thread is never joined.
void start_another_thread() {
  static const std::thread another([] {
    while (true) ::pause();
  });
}

TEST(ProcessStopped, SeesAllThreadsStopAndGoOn) {
  const Child child(start_another_thread);
  const auto witness = scenes::open("process.stopped", child.params()).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGSTOP);
  const auto stopped = scenes::see(*witness, true);
  ASSERT_TRUE(stopped.has_value());
  const std::string tasks = fmt::format("/proc/{}/task", child.pid());
  const std::size_t threads = sys::list_folder(tasks).value().size();
  EXPECT_GE(threads, 2U);
  EXPECT_EQ(stopped->dose, static_cast<double>(threads));
  EXPECT_EQ(stopped->detail, fmt::format("{0} of {0} threads in state T (stopped)", threads));
  EXPECT_LT(stopped->oldest, milliseconds(500));
  ::kill(child.pid(), SIGCONT);
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST(ProcessStopped, DoesNotTakeADebuggersStopForIt) {
  const Child child;
  const auto witness = scenes::open("process.stopped", child.params()).value();
  ASSERT_EQ(::ptrace(PTRACE_SEIZE, child.pid(), nullptr, nullptr), 0);
  ASSERT_EQ(::ptrace(PTRACE_INTERRUPT, child.pid(), nullptr, nullptr), 0);
  ASSERT_EQ(::waitpid(child.pid(), nullptr, __WALL), child.pid());
  EXPECT_TRUE(scenes::stays_off(*witness));
  EXPECT_EQ(witness->look().value().detail, "state t (stopped by a debugger)");
  ::ptrace(PTRACE_DETACH, child.pid(), nullptr, nullptr);
}

TEST(ProcessStopped, SeesNothingWhenAStoppedProcessEnds) {
  const Child child;
  const auto witness = scenes::open("process.stopped", child.params()).value();
  ::kill(child.pid(), SIGSTOP);
  ASSERT_TRUE(scenes::see(*witness, true).has_value());
  ::kill(child.pid(), SIGKILL);
  EXPECT_TRUE(scenes::comes_to_say(*witness, "the process has ended"));
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST(ProcessStopped, DoesNotTakeAnotherProcessOfTheSamePidForIt) {
  const Child child;
  const auto witness = scenes::open("process.stopped", scenes::params_of_a_predecessor(child));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
