// A histogram of durations that never grows: log-linear buckets, 64 to each power of two, as in
// HdrHistogram. A value read back is too high by at most 1/64 (1.6 %). Recording allocates nothing.
#pragma once

#include <array>
#include <cstdint>

#include "core/duration.h"

namespace squall {

class Histogram {
 public:
  // Longer than 2^42 ns (73 min) counts as that, negative as 0.
  void record(Duration value);
  void add(const Histogram& other);

  std::uint64_t count() const { return count_; }
  // The smallest bucket bound that at least `share` of the values do not exceed (nearest rank);
  // 0 s without values.
  Duration quantile(double share) const;
  // Exact.
  Duration min() const { return {count_ == 0 ? 0 : min_ns_}; }
  Duration max() const { return {max_ns_}; }
  Duration mean() const;

 private:
  static constexpr int linear_bits = 6;
  static constexpr int exponent_max = 42;
  static constexpr std::size_t buckets = (exponent_max - linear_bits + 1) << linear_bits;
  static std::size_t bucket_of(std::uint64_t nanoseconds);
  static std::uint64_t highest_in(std::size_t bucket);

  std::array<std::uint64_t, buckets> counts_{};
  std::uint64_t count_ = 0;
  double sum_ns_ = 0;
  std::int64_t min_ns_ = INT64_MAX;
  std::int64_t max_ns_ = 0;
};

}  // namespace squall
