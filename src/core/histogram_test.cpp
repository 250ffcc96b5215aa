#include "core/histogram.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace squall {
namespace {

TEST(Histogram, SaysNothingWithoutValues) {
  const Histogram empty;
  EXPECT_EQ(empty.count(), 0U);
  EXPECT_EQ(empty.quantile(0.5), Duration{});
  EXPECT_EQ(empty.min(), Duration{});
  EXPECT_EQ(empty.max(), Duration{});
  EXPECT_EQ(empty.mean(), Duration{});
}

TEST(Histogram, IsExactBelow64Nanoseconds) {
  Histogram histogram;
  for (int i = 0; i < 64; ++i) histogram.record(nanoseconds(i));
  EXPECT_EQ(histogram.quantile(0.5), nanoseconds(31));
  EXPECT_EQ(histogram.quantile(1), nanoseconds(63));
  EXPECT_EQ(histogram.quantile(0), nanoseconds(0));
}

TEST(Histogram, HoldsWhatIsTooLongOrNegativeAtItsEnds) {
  Histogram histogram;
  histogram.record({-5});
  histogram.record(minutes(24 * 60));
  EXPECT_EQ(histogram.min(), Duration{});
  EXPECT_EQ(histogram.max().nanoseconds, (std::int64_t{1} << 42) - 1);
  EXPECT_EQ(histogram.quantile(1), histogram.max());
}

TEST(Histogram, AddsUpWhatSeveralThreadsMeasured) {
  Histogram left;
  Histogram right;
  left.record(milliseconds(1));
  right.record(milliseconds(3));
  left.add(right);
  EXPECT_EQ(left.count(), 2U);
  EXPECT_EQ(left.min(), milliseconds(1));
  EXPECT_EQ(left.max(), milliseconds(3));
  EXPECT_EQ(left.mean(), milliseconds(2));
}

RC_GTEST_PROP(Histogram, ReadsEveryQuantileTooHighByAtMostOnePart, ()) {
  const auto values = *rc::gen::nonEmpty(
      rc::gen::container<std::vector<std::int64_t>>(rc::gen::inRange<std::int64_t>(0, 1LL << 41)));
  const double share = *rc::gen::inRange(0, 101) / 100.0;
  Histogram histogram;
  for (const std::int64_t value : values) histogram.record({value});
  std::vector<std::int64_t> sorted = values;
  std::sort(sorted.begin(), sorted.end());
  const auto rank = std::max<std::size_t>(
      1, static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size()))));
  const std::int64_t exact = sorted[rank - 1];
  const std::int64_t read = histogram.quantile(share).nanoseconds;
  RC_ASSERT(read >= exact);
  RC_ASSERT(static_cast<double>(read) <= static_cast<double>(exact) * (1 + 1.0 / 64));
}

}  // namespace
}  // namespace squall
