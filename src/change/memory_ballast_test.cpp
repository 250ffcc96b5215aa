#include <csignal>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/ballast_test.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

constexpr std::uint64_t megabyte = 1 << 20;

const Kind& kind() {
  return *find(catalogue(), "memory.ballast");
}
json::object params_of(std::string_view size, std::string_view ramp = "0 s") {
  return {{"size", size}, {"ramp", ramp}, {"fence", fmt::format("squall-ballast-{}", ::getpid())}};
}

// As the kernel accounts it to the process; shares nothing with how it is filled.
std::uint64_t resident(const Loaded& ballast) {
  return ballast.status_of("RssAnon:") * 1024;
}

TEST(MemoryBallast, TakesWhatIsAskedWithinOnePercent) {
  Loaded ballast(kind(), params_of("200 MiB"));
  const double asked = 200.0 * megabyte;
  // A fork of this process brings along what this process has.
  const auto brought_along = static_cast<double>(Loaded::status_of("RssAnon:", ::getpid()) * 1024);
  EXPECT_GE(static_cast<double>(resident(ballast)), asked * 0.99);
  EXPECT_LE(static_cast<double>(resident(ballast)), asked * 1.01 + brought_along);
  EXPECT_EQ(integer_at(ballast.facts(), "filled_bytes"), 200 * megabyte);
  EXPECT_EQ(ballast.presence(), Presence::in_force);
  EXPECT_EQ(ballast.outstanding().memory.count, 0U);
}

TEST(MemoryBallast, LeaksEvenlyOverItsRamp) {
  // A fork of this process brings along what this process has.
  const std::uint64_t brought_along = Loaded::status_of("RssAnon:", ::getpid()) * 1024;
  const Duration start = sys::monotonic_now();
  Loaded ballast(kind(), params_of("128 MiB", "800 ms"));
  const auto filled = [&] {
    const std::uint64_t now = resident(ballast);
    return now > brought_along ? now - brought_along : 0;
  };
  std::uint64_t halfway = 0;
  while (sys::monotonic_now() - start < milliseconds(400)) halfway = filled();
  const double share = (sys::monotonic_now() - start).seconds() / 0.8;
  EXPECT_GT(static_cast<double>(halfway), 128.0 * megabyte * (share - 0.3));
  EXPECT_LT(static_cast<double>(halfway), 128.0 * megabyte * (share + 0.3));
  const std::uint64_t outstanding = ballast.outstanding().memory.count;
  if (sys::monotonic_now() - start < milliseconds(700)) {  // a slow host may be late to look
    EXPECT_GT(outstanding + brought_along, 10 * megabyte) << "it has still to take something";
  }
  while (filled() < 127 * megabyte && sys::monotonic_now() - start < seconds(5)) {
  }
  EXPECT_GE(filled(), 127 * megabyte);
  EXPECT_GE(sys::monotonic_now() - start, milliseconds(700)) << "it came too early";
}

TEST(MemoryBallast, StandsInAFenceAndIsTheFirstToDie) {
  Loaded ballast(kind(), params_of("16 MiB"));
  const std::string score =
      sys::read_file(fmt::format("/proc/{}/oom_score_adj", ballast.pid())).value();
  EXPECT_EQ(trim(score), "1000");
  if (ballast.fence().empty()) GTEST_SKIP() << "no control group can be made here";
  const std::string members = sys::read_file(ballast.fence() + "/cgroup.procs").value();
  EXPECT_EQ(trim(members), std::to_string(ballast.pid()));
  const bool is_v1 = sys::exists(ballast.fence() + "/memory.limit_in_bytes");
  const std::string limit = is_v1 ? "/memory.limit_in_bytes" : "/memory.max";
  const std::uint64_t bytes = std::stoull(sys::read_file(ballast.fence() + limit).value());
  EXPECT_GE(bytes, 17 * megabyte);
  EXPECT_LE(bytes, 64 * megabyte);
}

TEST(MemoryBallast, IsGoneWithItsHolderAndLeavesAnEmptyFenceToRemove) {
  Loaded ballast(kind(), params_of("16 MiB"));
  ballast.kill_holder();
  EXPECT_EQ(ballast.presence(), Presence::absent);
  const bool had_fence = !ballast.fence().empty();
  EXPECT_EQ(sys::exists(ballast.fence()), had_fence);
  EXPECT_EQ(ballast.end().ending, had_fence ? Ending::restored : Ending::was_absent);
  EXPECT_FALSE(sys::exists(ballast.fence()));
  EXPECT_EQ(ballast.end().ending, Ending::was_absent);
}

TEST(MemoryBallast, MovesAStrangerOutOfTheFenceAndReportsAGroupInIt) {
  Loaded ballast(kind(), params_of("4 MiB"));
  if (ballast.fence().empty()) GTEST_SKIP() << "no control group can be made here";
  const pid_t stranger = ::fork();
  if (stranger == 0) {
    ::alarm(60);
    while (true) ::pause();
  }
  ASSERT_TRUE(sys::write_control(ballast.fence() + "/cgroup.procs", std::to_string(stranger)).ok());
  const std::string inner = ballast.fence() + "/inner";
  ASSERT_EQ(::mkdir(inner.c_str(), 0755), 0);
  const Reverted left = ballast.end();
  EXPECT_EQ(left.ending, Ending::foreign);
  EXPECT_NE(left.detail.find("inner"), std::string::npos) << left.detail;
  ASSERT_EQ(::rmdir(inner.c_str()), 0);
  EXPECT_EQ(ballast.end().ending, Ending::restored);
  EXPECT_EQ(::kill(stranger, SIGKILL), 0) << "the stranger lives";
  ::waitpid(stranger, nullptr, 0);
}

TEST(MemoryBallast, SaysWhatItDemandsOfTheHost) {
  const Footprint footprint = kind().footprint(params_of("3 GiB")).value();
  EXPECT_EQ(footprint.demand.memory.count, 3 * 1024 * megabyte);
  EXPECT_EQ(footprint.resources.size(), 1U);
}

TEST(MemoryBallast, RefusesWhatMakesNoSense) {
  json::object elsewhere = params_of("16 MiB");
  elsewhere["fence"] = "squall-a/../../b";
  EXPECT_EQ(kind().capture(elsewhere).error().code, Code::invalid);
  elsewhere["fence"] = "system.slice";
  EXPECT_EQ(kind().capture(elsewhere).error().code, Code::invalid);
  EXPECT_FALSE(kind().footprint(params_of("1 KiB")).ok());
  EXPECT_FALSE(kind().footprint(params_of("16")).ok());
  EXPECT_FALSE(kind().footprint(params_of("16 MiB", "-1 s")).ok());
  const Loaded ballast(kind(), params_of("4 MiB"));
  if (ballast.fence().empty()) return;
  EXPECT_EQ(kind().capture(params_of("4 MiB")).error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::change
