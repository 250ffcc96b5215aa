#include "sys/tracepoint.h"

#include <atomic>
#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

std::int64_t delivery() {
  static const Result<std::int64_t> number = tracepoint_number("signal", "signal_deliver");
  return number.ok() ? *number : 0;
}

bool comes_to(const EventCounter& counter, std::uint64_t count) {
  const Duration deadline = monotonic_now() + seconds(5);
  while (counter.read().value() != count) {
    if (monotonic_now() >= deadline) return false;
  }
  return true;
}

class TracepointTest : public ::testing::Test {
 protected:
  void SetUp() override {
    if (delivery() == 0)
      GTEST_SKIP() << tracepoint_number("signal", "signal_deliver").error().message;
  }
};

TEST_F(TracepointTest, CountsWhatMatchesTheFilterInOneProcess) {
  const Child child([] { ::signal(SIGUSR1, [](int) {}); });
  const Child other([] { ::signal(SIGUSR1, [](int) {}); });
  const EventCounter counter =
      EventCounter::in_process(child.pid(), delivery(), "sig == 10").value();
  const EventCounter host = EventCounter::on_host(delivery(), "sig == 10").value();
  EXPECT_EQ(counter.read().value(), 0U);
  ::kill(other.pid(), SIGUSR1);
  ::kill(child.pid(), SIGCONT);
  ::kill(child.pid(), SIGUSR1);
  EXPECT_TRUE(comes_to(counter, 1));
  const Duration deadline = monotonic_now() + seconds(5);
  while (host.read().value() < 2 && monotonic_now() < deadline) {
  }
  EXPECT_GE(host.read().value(), 2U) << "whoever else on this host gets one counts too";
}

TEST_F(TracepointTest, CountsInThreadsThatAreBornLaterButNotInChildren) {
  std::atomic<pid_t> thread_id = 0;
  ::signal(SIGUSR1, [](int) {});
  const EventCounter counter =
      EventCounter::in_process(::getpid(), delivery(), "sig == 10").value();
  std::jthread late([&](const std::stop_token& stop) {
    thread_id = static_cast<pid_t>(::syscall(SYS_gettid));
    while (!stop.stop_requested()) std::this_thread::yield();
  });
  const Child child;
  ::kill(child.pid(), SIGUSR1);
  while (thread_id == 0) std::this_thread::yield();
  ASSERT_EQ(::syscall(SYS_tgkill, ::getpid(), thread_id.load(), SIGUSR1), 0);
  EXPECT_TRUE(comes_to(counter, 1));
  late.request_stop();
  late.join();
  EXPECT_EQ(counter.read().value(), 1U) << "what an ended thread counted stays";
  ::signal(SIGUSR1, SIG_DFL);
}

TEST_F(TracepointTest, RefusesWhatIsNotThere) {
  EXPECT_EQ(tracepoint_number("signal", "no_such_event").error().code, Code::unsupported);
  Child child;
  const pid_t pid = child.pid();
  EXPECT_EQ(EventCounter::in_process(pid, delivery(), "no_such_field == 1").error().code,
            Code::unsupported);
  child.end();
  EXPECT_EQ(EventCounter::in_process(pid, delivery(), "sig == 10").error().code, Code::not_found);
}

TEST_F(TracepointTest, LeavesNoMountBehind) {
  const std::string before = read_file("/proc/self/mountinfo").value();
  EXPECT_TRUE(tracepoint_number("signal", "signal_generate").ok());
  EXPECT_EQ(read_file("/proc/self/mountinfo").value(), before);
}

}  // namespace
}  // namespace squall::sys
