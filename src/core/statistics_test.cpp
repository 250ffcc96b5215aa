#include "core/statistics.h"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(UpperBoundOfShare, IsTheRuleOfThreeWhenNoneIsBad) {
  EXPECT_DOUBLE_EQ(upper_bound_of_share(0, 300), 0.01);
  EXPECT_DOUBLE_EQ(upper_bound_of_share(0, 2), 1);
}

TEST(UpperBoundOfShare, BoundsNothingWithoutSamplesOrWhenAllAreBad) {
  EXPECT_DOUBLE_EQ(upper_bound_of_share(0, 0), 1);
  EXPECT_DOUBLE_EQ(upper_bound_of_share(7, 7), 1);
}

// Expected values: the binomial sums worked out with 60 decimal digits.
TEST(UpperBoundOfShare, IsTheExactBoundOfClopperAndPearson) {
  EXPECT_NEAR(upper_bound_of_share(1, 10), 0.394163, 1e-6);
  EXPECT_NEAR(upper_bound_of_share(9, 10), 0.994884, 1e-6);
  EXPECT_NEAR(upper_bound_of_share(3, 100), 0.0757108, 1e-7);
  EXPECT_NEAR(upper_bound_of_share(5, 300), 0.0347222, 1e-7);
  EXPECT_NEAR(upper_bound_of_share(50, 10'000), 0.0063245, 1e-7);
  EXPECT_NEAR(upper_bound_of_share(999, 1000), 0.9999487, 1e-7);
}

TEST(UpperBoundOfShare, GrowsWithEachBadSampleAndStaysAboveWhatWasSeen) {
  double before = 0;
  for (int bad = 1; bad < 100'000; bad += 997) {
    const double bound = upper_bound_of_share(bad, 100'000);
    EXPECT_GT(bound, before);
    EXPECT_GT(bound, bad / 100'000.0);
    EXPECT_LT(bound, bad / 100'000.0 + 0.01);
    before = bound;
  }
}

TEST(IncompleteBeta, AgreesWithItsClosedForms) {
  EXPECT_NEAR(incomplete_beta(1, 1, 0.3), 0.3, 1e-12);         // uniform
  EXPECT_NEAR(incomplete_beta(2, 1, 0.3), 0.09, 1e-12);        // x squared
  EXPECT_NEAR(incomplete_beta(1, 4, 0.3), 1 - 0.2401, 1e-12);  // 1 - (1 - x)^4
  EXPECT_NEAR(incomplete_beta(50, 50, 0.5), 0.5, 1e-12);       // symmetry
  EXPECT_EQ(incomplete_beta(2, 3, 0), 0);
  EXPECT_EQ(incomplete_beta(2, 3, 1), 1);
}

TEST(NormalQuantile, AgreesWithTheTables) {
  EXPECT_NEAR(normal_quantile(0.5), 0, 1e-15);
  EXPECT_NEAR(normal_quantile(0.975), 1.959963984540054, 1e-13);
  EXPECT_NEAR(normal_quantile(0.01), -2.326347874040841, 1e-13);
  EXPECT_NEAR(normal_quantile(1e-9), -5.997807015007687, 1e-9);
}

TEST(NormalQuantile, UndoesTheDistributionFunction) {
  for (double x = -6; x <= 6; x += 0.25) {
    EXPECT_NEAR(normal_quantile(std::erfc(-x / std::sqrt(2.0)) / 2), x, 1e-6) << x;
  }
}

TEST(Percentile, IsTheNearestRank) {
  const std::vector<double> ten = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10};
  EXPECT_EQ(percentile(ten, 0.5), 5);
  EXPECT_EQ(percentile(ten, 0.9), 9);
  EXPECT_EQ(percentile(ten, 0.99), 10);
  EXPECT_EQ(percentile(ten, 0), 1);
  EXPECT_EQ(percentile(std::vector<double>{7}, 0.5), 7);
  EXPECT_EQ(percentile({}, 0.5), 0);
}

}  // namespace
}  // namespace squall
