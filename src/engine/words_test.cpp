#include "engine/words.h"

#include <gtest/gtest.h>

namespace squall::engine {
namespace {

constexpr std::int64_t us = 1'000;
constexpr std::int64_t ms = 1'000'000;
constexpr std::int64_t s = 1'000'000'000;

TEST(SayInterval, UsesOneUnitForBothBounds) {
  EXPECT_EQ(say_interval({210 * ms, 260 * ms}), "0.21 to 0.26 s");
  EXPECT_EQ(say_interval({800 * us, 1300 * us}), "0.8 to 1.3 ms");
  EXPECT_EQ(say_interval({0, 40 * ms}), "0 to 40 ms");
  EXPECT_EQ(say_interval({12'400 * ms, 12'500 * ms}), "12.4 to 12.5 s");
  EXPECT_EQ(say_interval({5, 70}), "5 to 70 ns");
}

TEST(SayInterval, RoundsOutwards) {
  EXPECT_EQ(say_interval({219'900 * us, 260'100 * us}), "0.21 to 0.27 s");
  EXPECT_EQ(say_interval({1'999'999 * us, 2'000'001 * us}), "1.9999 to 2.0001 s");
}

TEST(SayInterval, SaysAnExactInstantOnce) {
  EXPECT_EQ(say_interval({2 * s, 2 * s}), "2 s");
  EXPECT_EQ(say_interval({12'340 * ms, 12'340 * ms}), "12.3 s");
  EXPECT_EQ(say_interval({0, 0}), "0 ns");
}

TEST(SayInterval, KeepsTheSignOfWhatLiesBefore) {
  EXPECT_EQ(say_interval({-20 * ms, 30 * ms}), "-20 to 30 ms");
  EXPECT_EQ(say_interval({-4 * ms, 0}), "-4 to 0 ms");
}

TEST(SayInterval, GoesOverToMinutes) {
  EXPECT_EQ(say_interval({125 * s, 128 * s}), "2 min 5 s to 2 min 8 s");
}

TEST(SayIntervalSince, CountsFromTheOrigin) {
  EXPECT_EQ(say_interval_since({2210 * ms, 2260 * ms}, 2 * s), "0.21 to 0.26 s");
}

TEST(SayBound, RoundsUpAndNeverPastTheWhole) {
  EXPECT_EQ(say_bound(0.0301), "3.1 %");
  EXPECT_EQ(say_bound(0.03), "3 %");
  EXPECT_EQ(say_bound(0.341), "35 %");
  EXPECT_EQ(say_bound(0.999), "100 %");
  EXPECT_EQ(say_bound(0.0003), "0.03 %");
  EXPECT_EQ(say_bound(0), "0 %");
  EXPECT_EQ(say_bound(1), "100 %");
}

TEST(SayShare, RoundsToTheNearest) {
  EXPECT_EQ(say_share(0.0301), "3 %");
  EXPECT_EQ(say_share(0.1649), "16 %");
}

TEST(SayName, QuotesWhatIsNotOneWord) {
  EXPECT_EQ(say_name("front-page"), "front-page");
  EXPECT_EQ(say_name("front page"), "\"front page\"");
  EXPECT_EQ(say_name(""), "\"\"");
}

TEST(SayCount, AgreesInNumber) {
  EXPECT_EQ(say_count(1, "sample"), "1 sample");
  EXPECT_EQ(say_count(0, "sample"), "0 samples");
}

TEST(SayMilliseconds, KeepsThreeDigits) {
  EXPECT_EQ(say_milliseconds(0.8412), "0.84 ms");
  EXPECT_EQ(say_milliseconds(12.54), "12.5 ms");
  EXPECT_EQ(say_milliseconds(1250), "1.25 s");
}

}  // namespace
}  // namespace squall::engine
