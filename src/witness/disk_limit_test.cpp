#include "witness/disk_limit.h"

#include <gtest/gtest.h>

namespace squall::witness {
namespace {

TEST(DiskLimit, ReadsTheLineOfItsDevice) {
  EXPECT_EQ(parse_v1_limit("8:0 1048576\n8:16 77\n", "8:16"), 77);
  EXPECT_EQ(parse_v1_limit("8:16 77\n", "8:1"), no_limit);
  EXPECT_EQ(parse_v1_limit("", "8:1"), no_limit);
  EXPECT_EQ(parse_v1_limit("8:0 0\n", "8:0"), no_limit) << "0 lifts the limit";
}

TEST(DiskLimit, ReadsAllFourOfVersionTwo) {
  const PerSecond limits = parse_v2_limits(
      "8:16 rbps=1 wbps=1 riops=1 wiops=1\n8:0 rbps=max wbps=9 riops=max wiops=4\n", "8:0");
  EXPECT_EQ(limits, (PerSecond{no_limit, 9, no_limit, 4}));
  EXPECT_EQ(parse_v2_limits("", "8:0"), no_limits);
}

TEST(DiskLimit, IsToldToPeople) {
  EXPECT_EQ(describe_limits(no_limits), "no limit");
  EXPECT_EQ(describe_limits({1 << 20, no_limit, no_limit, 20}),
            "read at most 1 MiB/s, write at most 20 times a second");
}

TEST(DiskLimit, TakesTheTighterOfTwo) {
  EXPECT_EQ(tighter({1, 2, no_limit, 4}, {2, 1, 3, no_limit}), (PerSecond{1, 1, 3, 4}));
}

}  // namespace
}  // namespace squall::witness
