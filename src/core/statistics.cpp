#include "core/statistics.h"

#include <algorithm>
#include <cmath>

#include "core/check.h"

namespace squall {
namespace {

// The continued fraction of the incomplete beta function, by Lentz's method (Abramowitz and Stegun,
// 26.5.8). Converges fast for x < (a + 1) / (a + b + 2).
double beta_fraction(double a, double b, double x) {
  constexpr double tiny = 1e-300;
  constexpr double precise = 1e-15;
  const auto away_from_zero = [](double value) { return std::abs(value) < tiny ? tiny : value; };
  double c = 1;
  double d = 1 / away_from_zero(1 - (a + b) * x / (a + 1));
  double fraction = d;
  for (int m = 1; m <= 10'000; ++m) {
    const double even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m));
    d = 1 / away_from_zero(1 + even * d);
    c = away_from_zero(1 + even / c);
    fraction *= d * c;
    const double odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1));
    d = 1 / away_from_zero(1 + odd * d);
    c = away_from_zero(1 + odd / c);
    fraction *= d * c;
    if (std::abs(d * c - 1) < precise) break;
  }
  return fraction;
}

}  // namespace

double incomplete_beta(double a, double b, double x) {
  CHECK(a > 0 && b > 0, "the beta function is wanted for positive parameters only");
  if (x <= 0) return 0;
  if (x >= 1) return 1;
  const double front = std::exp(std::lgamma(a + b) - std::lgamma(a) - std::lgamma(b) +
                                a * std::log(x) + b * std::log1p(-x));
  if (x < (a + 1) / (a + b + 2)) return front * beta_fraction(a, b, x) / a;
  return 1 - front * beta_fraction(b, a, 1 - x) / b;
}

double upper_bound_of_share(std::int64_t bad, std::int64_t count) {
  CHECK(bad >= 0 && bad <= count, "bad samples are among the samples");
  const auto n = static_cast<double>(count);
  if (count == 0 || bad == count) return 1;
  if (bad == 0) return std::min(1.0, 3 / n);
  const auto k = static_cast<double>(bad);
  double low = k / n;
  double high = 1;
  for (int step = 0; step < 60; ++step) {
    const double middle = (low + high) / 2;
    (incomplete_beta(k + 1, n - k, middle) < 0.95 ? low : high) = middle;
  }
  return high;
}

double normal_quantile(double share) {
  CHECK(share > 0 && share < 1, "a quantile is wanted of a share between 0 and 1");
  const auto tail = [](double probability) {
    const double q = std::sqrt(-2 * std::log(probability));
    return (((((-7.784894002430293e-03 * q - 3.223964580411365e-01) * q - 2.400758277161838) * q -
              2.549732539343734) *
                 q +
             4.374664141464968) *
                q +
            2.938163982698783) /
           ((((7.784695709041462e-03 * q + 3.224671290700398e-01) * q + 2.445134137142996) * q +
             3.754408661907416) *
                q +
            1);
  };
  constexpr double low = 0.02425;
  double x = 0;
  if (share < low) {
    x = tail(share);
  } else if (share > 1 - low) {
    x = -tail(1 - share);
  } else {
    const double q = share - 0.5;
    const double r = q * q;
    x = (((((-3.969683028665376e+01 * r + 2.209460984245205e+02) * r - 2.759285104469687e+02) * r +
           1.383577518672690e+02) *
              r -
          3.066479806614716e+01) *
             r +
         2.506628277459239) *
        q /
        (((((-5.447609879822406e+01 * r + 1.615858368580409e+02) * r - 1.556989798598866e+02) * r +
           6.680131188771972e+01) *
              r -
          1.328068155288572e+01) *
             r +
         1);
  }
  const double miss = std::erfc(-x / std::sqrt(2.0)) / 2 - share;
  const double step = miss * std::sqrt(2 * std::acos(-1.0)) * std::exp(x * x / 2);
  return x - step / (1 + x * step / 2);
}

double percentile(std::span<const double> sorted, double share) {
  if (sorted.empty()) return 0;
  // The small subtraction keeps 0.9 * 10 from being rounded up past 9.
  const double rank = std::ceil(share * static_cast<double>(sorted.size()) - 1e-9);
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

}  // namespace squall
