#include <gtest/gtest.h>
#include <sys/resource.h>

#include "change/ballast_test.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "descriptors.ballast");
}
json::object params_of(std::int64_t count, std::string_view ramp = "0 s") {
  return {{"count", count}, {"ramp", ramp}};
}
// Of the whole host, as the kernel counts them.
double open_files() {
  return std::stod(sys::read_file("/proc/sys/fs/file-nr").value());
}

TEST(DescriptorsBallast, OpensWhatIsAskedAndTheKernelClosesItWithTheHolder) {
  constexpr std::int64_t count = 50'000;  // more than one process may open here
  constexpr double noise = 2000;          // of other work on this host
  const double before = open_files();
  Loaded ballast(kind(), params_of(count));
  EXPECT_NEAR(open_files() - before, static_cast<double>(count), noise);
  EXPECT_EQ(integer_at(ballast.facts(), "opened"), count);
  EXPECT_EQ(ballast.presence(), Presence::in_force);
  EXPECT_EQ(ballast.outstanding().descriptors, 0);
  ballast.kill_holder();
  EXPECT_EQ(ballast.presence(), Presence::absent);
  const Duration deadline = sys::monotonic_now() + seconds(5);
  while (open_files() - before > noise && sys::monotonic_now() < deadline) {
  }
  EXPECT_NEAR(open_files() - before, 0, noise);
}

TEST(DescriptorsBallast, NeedsAsManyProcessesAsTheLimitOfEachDemands) {
  rlimit limit{};
  ::getrlimit(RLIMIT_NOFILE, &limit);
  const rlimit small{std::min<rlim_t>(limit.rlim_cur, 256), limit.rlim_max};
  const auto each = static_cast<std::int64_t>(std::min<rlim_t>(limit.rlim_max, 1'000'000) - 16);
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &small), 0);
  {
    const Loaded ballast(kind(), params_of(each + 1));
    EXPECT_EQ(integer_at(ballast.facts(), "helpers"), 2);
  }
  ::setrlimit(RLIMIT_NOFILE, &limit);
}

TEST(DescriptorsBallast, LeaksEvenlyOverItsRamp) {
  const Duration start = sys::monotonic_now();
  Loaded ballast(kind(), params_of(20'000, "1 s"));
  EXPECT_LT(sys::monotonic_now() - start, milliseconds(500)) << "it does not wait for the leak";
  const std::int64_t to_come = ballast.outstanding().descriptors;
  EXPECT_GT(to_come, 5000);
  EXPECT_LT(to_come, 20'000);
  const Duration deadline = start + seconds(5);
  while (ballast.outstanding().descriptors > 0 && sys::monotonic_now() < deadline) {
  }
  EXPECT_EQ(ballast.outstanding().descriptors, 0);
}

TEST(DescriptorsBallast, SaysWhatItDemands) {
  const Demand demand = kind().footprint(params_of(10'000))->demand;
  EXPECT_EQ(demand.descriptors, 10'000);
  EXPECT_GT(demand.memory.count, 2'000'000U);
  EXPECT_FALSE(kind().footprint(params_of(0)).ok());
  EXPECT_FALSE(kind().footprint(params_of(5, "1")).ok());
}

}  // namespace
}  // namespace squall::change
