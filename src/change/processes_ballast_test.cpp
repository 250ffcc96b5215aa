#include <gtest/gtest.h>
#include <unistd.h>

#include "change/ballast_test.h"
#include "sys/cgroup.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "processes.ballast");
}
json::object params_of(std::int64_t count, std::string_view ramp = "0 s") {
  return {{"count", count}, {"ramp", ramp}, {"fence", fmt::format("squall-crowd-{}", ::getpid())}};
}
// Threads of the whole host, as the kernel counts them.
double tasks() {
  const std::string text = sys::read_file("/proc/loadavg").value();
  return std::stod(text.substr(text.find('/') + 1));
}
std::int64_t members(const Loaded& ballast) {
  return static_cast<std::int64_t>(sys::cgroup_direct_members(ballast.fence()).size());
}

class ProcessesBallast : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const Result<json::object> image = kind().capture(params_of(1));
    if (!image.ok()) GTEST_SKIP() << image.error().render();
  }
};

TEST_F(ProcessesBallast, StartsWhatIsAskedInAFenceWithRoomForJustThat) {
  const double before = tasks();
  Loaded ballast(kind(), params_of(1500));
  EXPECT_NEAR(tasks() - before, 1502, 100);
  EXPECT_EQ(members(ballast), 1502) << "the sleepers, their first one, and the holder";
  EXPECT_EQ(sys::read_file(ballast.fence() + "/pids.max").value(), "1504\n");
  EXPECT_EQ(integer_at(ballast.facts(), "started"), 1500);
  EXPECT_EQ(ballast.presence(), Presence::in_force);
  EXPECT_EQ(ballast.outstanding().processes, 0);
}

TEST_F(ProcessesBallast, EndsWithItsHolderAndLeavesAnEmptyFenceToRemove) {
  Loaded ballast(kind(), params_of(1500));
  ballast.kill_holder();
  const Duration deadline = sys::monotonic_now() + seconds(5);
  while (ballast.presence() != Presence::absent && sys::monotonic_now() < deadline) {
  }
  EXPECT_EQ(ballast.presence(), Presence::absent) << members(ballast) << " are left";
  EXPECT_EQ(ballast.end().ending, Ending::restored);
  EXPECT_FALSE(sys::exists(ballast.fence()));
}

TEST_F(ProcessesBallast, IsMissedWhenItsFirstProcessDies) {
  Loaded ballast(kind(), params_of(50));
  ASSERT_TRUE(ballast.holder().check());
  ::kill(static_cast<pid_t>(integer_at(ballast.facts(), "helper_pid")), SIGKILL);
  const Duration deadline = sys::monotonic_now() + seconds(5);
  while (ballast.holder().check() && sys::monotonic_now() < deadline) {
  }
  EXPECT_FALSE(ballast.holder().check());
}

TEST_F(ProcessesBallast, LeaksEvenlyOverItsRamp) {
  const Duration start = sys::monotonic_now();
  Loaded ballast(kind(), params_of(1000, "1 s"));
  EXPECT_LT(sys::monotonic_now() - start, milliseconds(500)) << "it does not wait for the leak";
  EXPECT_LT(members(ballast), 700);
  EXPECT_GT(ballast.outstanding().processes, 300);
  const Duration deadline = start + seconds(5);
  while (members(ballast) < 1002 && sys::monotonic_now() < deadline) {
  }
  EXPECT_EQ(members(ballast), 1002);
  EXPECT_GE(sys::monotonic_now() - start, milliseconds(900)) << "it came too early";
}

TEST_F(ProcessesBallast, SaysWhatItDemands) {
  const Demand demand = kind().footprint(params_of(1000))->demand;
  EXPECT_EQ(demand.processes, 1004);
  EXPECT_GT(demand.memory.count, 20'000'000U);
  EXPECT_FALSE(kind().footprint(params_of(0)).ok());
}

}  // namespace
}  // namespace squall::change
