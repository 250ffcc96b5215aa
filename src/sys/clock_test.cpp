#include "sys/clock.h"

#include <ctime>
#include <regex>
#include <thread>

#include <gtest/gtest.h>
#include <sys/prctl.h>

namespace squall::sys {
namespace {

TEST(Clocks, GoForwardTogether) {
  const Duration start = monotonic_now();
  EXPECT_GT(start.nanoseconds, 0);
  EXPECT_GE(monotonic_now(), start);
  // Time spent asleep by the host is what the two differ by.
  EXPECT_GE(boottime_now() + milliseconds(1), start);
}

TEST(Clocks, WallTimeIsWrittenInUtcWithMilliseconds) {
  const std::time_t before = std::time(nullptr);
  const std::string text = wall_time_text();
  const std::time_t after = std::time(nullptr);
  ASSERT_TRUE(std::regex_match(text, std::regex(R"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z)")));
  std::tm parts{};
  ASSERT_NE(::strptime(text.c_str(), "%Y-%m-%dT%H:%M:%S", &parts), nullptr);
  EXPECT_GE(::timegm(&parts), before);
  EXPECT_LE(::timegm(&parts), after);
  EXPECT_GE(wall_nanoseconds() / 1'000'000'000, before);
}

TEST(BootId, IsTheSameThroughoutABoot) {
  EXPECT_EQ(boot_id(), boot_id());
  EXPECT_TRUE(std::regex_match(boot_id(), std::regex("[0-9a-f-]{36}"))) << boot_id();
}

TEST(SleepUntil, NeverWakesEarly) {
  for (int i = 0; i < 5; ++i) {
    const Duration deadline = monotonic_now() + microseconds(1500);
    EXPECT_TRUE(sleep_until(deadline));
    EXPECT_GE(monotonic_now(), deadline);
  }
  std::stop_source never;
  const Duration deadline = monotonic_now() + microseconds(1500);
  EXPECT_TRUE(sleep_until(deadline, never.get_token()));
  EXPECT_GE(monotonic_now(), deadline);
}

TEST(SleepUntil, APastDeadlineReturnsAtOnce) {
  std::stop_source never;
  for (const Duration past : {monotonic_now() - seconds(1), Duration{0}, seconds(-3)}) {
    EXPECT_TRUE(sleep_until(past));
    EXPECT_TRUE(sleep_until(past, never.get_token()));
  }
}

TEST(SleepUntil, EndsEarlyWhenStopped) {
  const Duration start = monotonic_now();
  bool reached = true;
  {
    std::jthread sleeper(
        [&](std::stop_token stop) { reached = sleep_until(start + seconds(60), std::move(stop)); });
  }  // asks for a stop and joins
  EXPECT_FALSE(reached);
  EXPECT_LT(monotonic_now() - start, seconds(30));
}

TEST(SleepUntil, AStopBeforehandNeedsNoWait) {
  std::stop_source source;
  source.request_stop();
  EXPECT_FALSE(sleep_until(monotonic_now() + seconds(60), source.get_token()));
  EXPECT_FALSE(sleep_until(Duration{INT64_MAX}, source.get_token()));
}

TEST(SleepUntil, ADeadlineAtTheEndOfTimeIsNoOverflow) {
  bool reached = true;
  {
    std::jthread sleeper(
        [&](std::stop_token stop) { reached = sleep_until(Duration{INT64_MAX}, std::move(stop)); });
  }
  EXPECT_FALSE(reached);
}

TEST(PreciseTimers, LowerTheSlackOfThisThreadOnly) {
  const int before = ::prctl(PR_GET_TIMERSLACK);
  int inside = 0;
  std::jthread([&] {
    use_precise_timers();
    inside = ::prctl(PR_GET_TIMERSLACK);
  }).join();
  EXPECT_EQ(inside, 1);
  EXPECT_EQ(::prctl(PR_GET_TIMERSLACK), before);
}

}  // namespace
}  // namespace squall::sys
