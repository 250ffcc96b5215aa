#include "sys/random.h"

#include <set>

#include <gtest/gtest.h>

namespace squall::sys {
namespace {

TEST(RandomBits, AreNeverTheSameTwiceAndFillAllBits) {
  std::set<std::uint64_t> seen;
  std::uint64_t ones = 0;
  std::uint64_t zeros = 0;
  for (int i = 0; i < 256; ++i) {
    const std::uint64_t bits = random_bits();
    EXPECT_TRUE(seen.insert(bits).second);
    ones |= bits;
    zeros |= ~bits;
  }
  EXPECT_EQ(ones, ~std::uint64_t{0});
  EXPECT_EQ(zeros, ~std::uint64_t{0});
}

}  // namespace
}  // namespace squall::sys
