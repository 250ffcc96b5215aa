#include "change/device_limit.h"

#include <gtest/gtest.h>

namespace squall::change {
namespace {

constexpr std::string_view v1 = "blkio.throttle.write_bps_device";
constexpr std::string_view v2 = "io.max";

TEST(DeviceLimit, KnowsItsFiles) {
  EXPECT_TRUE(is_device_limit(v1));
  EXPECT_TRUE(is_device_limit("blkio.throttle.read_iops_device"));
  EXPECT_TRUE(is_device_limit(v2));
  EXPECT_FALSE(is_device_limit("blkio.weight"));
  EXPECT_FALSE(is_device_limit("io.latency"));
}

TEST(DeviceLimit, TakesADeviceAndALimit) {
  EXPECT_TRUE(is_device_limit_value(v1, "8:0 1048576"));
  EXPECT_TRUE(is_device_limit_value(v1, "8:0 0"));
  EXPECT_TRUE(is_device_limit_value(v2, "254:0 rbps=1000 wiops=max"));
  for (const char* wrong : {"", "8:0", "8 1000", "sda 1000", "8:0 -1", "8:0 1000 2000", "8:0 max",
                            "8:0 1000\n9:0 5", ":0 5"}) {
    EXPECT_FALSE(is_device_limit_value(v1, wrong)) << wrong;
  }
  for (const char* wrong :
       {"8:0", "8:0 1000", "8:0 rbps", "8:0 rbps=", "8:0 rbps=0", "8:0 weight=5", "8:0 rbps=-1"}) {
    EXPECT_FALSE(is_device_limit_value(v2, wrong)) << wrong;
  }
}

TEST(DeviceLimit, FindsTheLineOfItsDeviceAmongOthers) {
  EXPECT_EQ(device_line(v1, "8:0 500\n8:16 700\n", "8:16 1"), "8:16 700");
  EXPECT_EQ(device_line(v1, "8:16 700\n", "8:1 1"), "8:1 0") << "8:1 is another device";
  EXPECT_EQ(device_line(v1, "", "8:0 1"), "8:0 0");
  EXPECT_EQ(device_line(v2, "8:0 rbps=5 wbps=max riops=max wiops=max\n", "8:0 wbps=1"),
            "8:0 rbps=5 wbps=max riops=max wiops=max");
  EXPECT_EQ(device_line(v2, "", "8:0 wbps=1"), "8:0 rbps=max wbps=max riops=max wiops=max");
}

TEST(DeviceLimit, KnowsWhatTheFileShowsAfterAWrite) {
  EXPECT_EQ(device_line_after(v1, "8:0 0", "8:0 1000"), "8:0 1000");
  EXPECT_EQ(device_line_after(v2, "8:0 rbps=5 wbps=max riops=max wiops=max", "8:0 wbps=9"),
            "8:0 rbps=5 wbps=9 riops=max wiops=max");
  EXPECT_EQ(device_line_after(v2, "8:0 rbps=5 wbps=max riops=max wiops=max", "8:0 rbps=max"),
            "8:0 rbps=max wbps=max riops=max wiops=max");
}

// What is shown, written back over anything, shows itself: so the undo is a write like any other.
TEST(DeviceLimit, IsRestoredByTheLineThatWasShown) {
  for (const auto& [name, line] : {std::pair(v1, "8:0 1000"), std::pair(v1, "8:0 0"),
                                   std::pair(v2, "8:0 rbps=5 wbps=max riops=7 wiops=max"),
                                   std::pair(v2, "8:0 rbps=max wbps=max riops=max wiops=max")}) {
    ASSERT_TRUE(is_device_limit_value(name, line));
    const std::string other = device_line_after(name, line, name == v1 ? "8:0 3" : "8:0 wbps=3");
    EXPECT_NE(other, line);
    EXPECT_EQ(device_line_after(name, other, line), line);
  }
  EXPECT_EQ(unlimited_device(v1, "8:0 1000"), "8:0 0");
}

}  // namespace
}  // namespace squall::change
