// The little statistics that a verdict needs: how bad can it be, given what was seen; and how slow
// are the slowest.
#pragma once

#include <cstdint>
#include <span>

namespace squall {

// The upper 95 % confidence bound (one-sided) of a share of which `bad` of `count` samples were
// seen. None bad: the rule of three, 3 / count. Otherwise the exact bound of Clopper and Pearson
// (Biometrika 26, 1934): the share at which `bad` or fewer would be seen once in twenty times.
// No samples bound nothing: 1. Needs 0 <= bad <= count.
double upper_bound_of_share(std::int64_t bad, std::int64_t count);

// The regularised incomplete beta function I_x(a, b) for a, b > 0 and x in [0, 1].
double incomplete_beta(double a, double b, double x);

// The value that a standard normal variable stays below with probability `share`, in (0, 1), to
// about 15 digits: the approximation of P. J. Acklam (2003) and one step of Halley's method.
double normal_quantile(double share);

// The smallest value that at least `share` of the values do not exceed (nearest rank). `sorted` is
// in ascending order; an empty one gives 0.
double percentile(std::span<const double> sorted, double share);

}  // namespace squall
