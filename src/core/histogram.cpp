// Below 64 ns each nanosecond has a bucket of its own. Above, a value v with its highest bit at e
// falls into one of the 64 equal parts of [2^e, 2^(e+1)), chosen by the six bits after the highest.
#include "core/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace squall {

std::size_t Histogram::bucket_of(std::uint64_t nanoseconds) {
  constexpr std::uint64_t parts = 1 << linear_bits;
  if (nanoseconds < parts) return static_cast<std::size_t>(nanoseconds);
  const int shift = static_cast<int>(std::bit_width(nanoseconds)) - 1 - linear_bits;
  const std::uint64_t part = (nanoseconds >> shift) - parts;
  return static_cast<std::size_t>((static_cast<std::uint64_t>(shift) + 1) * parts + part);
}

std::uint64_t Histogram::highest_in(std::size_t bucket) {
  constexpr std::uint64_t parts = 1 << linear_bits;
  if (bucket < parts) return bucket;
  const std::uint64_t shift = bucket / parts - 1;
  return ((parts + bucket % parts + 1) << shift) - 1;
}

void Histogram::record(Duration value) {
  constexpr std::int64_t longest = (std::int64_t{1} << exponent_max) - 1;
  const std::int64_t held = std::clamp<std::int64_t>(value.nanoseconds, 0, longest);
  ++counts_[bucket_of(static_cast<std::uint64_t>(held))];
  ++count_;
  sum_ns_ += static_cast<double>(held);
  min_ns_ = std::min(min_ns_, held);
  max_ns_ = std::max(max_ns_, held);
}

void Histogram::add(const Histogram& other) {
  for (std::size_t i = 0; i < counts_.size(); ++i) counts_[i] += other.counts_[i];
  count_ += other.count_;
  sum_ns_ += other.sum_ns_;
  min_ns_ = std::min(min_ns_, other.min_ns_);
  max_ns_ = std::max(max_ns_, other.max_ns_);
}

Duration Histogram::quantile(double share) const {
  if (count_ == 0) return {};
  const double wanted = std::ceil(std::clamp(share, 0.0, 1.0) * static_cast<double>(count_));
  const auto rank = std::max<std::uint64_t>(static_cast<std::uint64_t>(wanted), 1);
  std::uint64_t seen = 0;
  for (std::size_t i = 0; i < counts_.size(); ++i) {
    seen += counts_[i];
    if (seen >= rank) return {std::min(static_cast<std::int64_t>(highest_in(i)), max_ns_)};
  }
  return {max_ns_};
}

Duration Histogram::mean() const {
  if (count_ == 0) return {};
  return {static_cast<std::int64_t>(sum_ns_ / static_cast<double>(count_))};
}

}  // namespace squall
