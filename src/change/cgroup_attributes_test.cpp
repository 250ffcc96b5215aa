#include "change/cgroup_attributes.h"

#include <gtest/gtest.h>

namespace squall::change {
namespace {

TEST(CgroupAttributes, AreSpelledAsTheKernelShowsThem) {
  struct Example {
    std::string_view name, before, written, shown;
  };
  for (const Example& one : {
           Example{"cpu.max", "max 100000", "20000", "20000 100000"},
           Example{"cpu.max", "30000 50000", "max", "max 50000"},
           Example{"cpu.max", "max 100000", "20000 200000", "20000 200000"},
           Example{"cpu.cfs_quota_us", "-1", "20000", "20000"},
           Example{"cpu.cfs_quota_us", "20000", "-7", "-1"},
           Example{"cpu.shares", "1024", "1", "2"},
           Example{"memory.max", "max", "64M", "67108864"},
           Example{"memory.max", "max", "5000", "4096"},
           Example{"memory.max", "67108864", "max", "max"},
           Example{"memory.max", "67108864", "9999999T", "max"},
           Example{"memory.limit_in_bytes", "4096", "-1", "9223372036854771712"},
           Example{"memory.oom_control", "0", "1", "1"},
           Example{"pids.max", "max", "12", "12"},
           Example{"freezer.state", "THAWED", "FROZEN", "FROZEN"},
           Example{"blkio.throttle.read_bps_device", "8:0 0", "8:0 512", "8:0 512"},
           Example{"io.max", "8:0 rbps=7 wbps=max riops=max wiops=max", "8:0 wiops=9",
                   "8:0 rbps=7 wbps=max riops=max wiops=9"},
       }) {
    EXPECT_TRUE(check_attribute(one.name, one.written).ok()) << one.name << " " << one.written;
    EXPECT_EQ(attribute_after(one.name, one.before, one.written), one.shown)
        << one.name << " " << one.written;
  }
}

TEST(CgroupAttributes, TakeBackWhatTheyShowed) {
  for (const auto& [name, shown] :
       {std::pair("cpu.max", "max 100000"), std::pair("memory.max", "max"),
        std::pair("memory.limit_in_bytes", "9223372036854771712"), std::pair("pids.max", "max"),
        std::pair("cpu.cfs_quota_us", "-1"), std::pair("freezer.state", "THAWED")}) {
    EXPECT_TRUE(check_attribute(name, shown).ok()) << name;
    EXPECT_EQ(attribute_after(name, "anything 1", shown), shown) << name;
  }
}

TEST(CgroupAttributes, HaveANeutralValueThatTheKernelTakes) {
  for (const char* name :
       {"cpu.max", "cpu.weight", "cpu.cfs_quota_us", "cpu.cfs_period_us", "cpu.shares", "pids.max",
        "memory.max", "memory.high", "memory.limit_in_bytes", "memory.oom_control", "cgroup.freeze",
        "freezer.state"}) {
    EXPECT_TRUE(check_attribute(name, neutral_value(name, "")).ok()) << name;
  }
}

TEST(CgroupAttributes, ShowAndLiftTheLimitOfOneDeviceOnly) {
  const std::string_view text = "8:0 512\n8:16 700\n";
  EXPECT_EQ(shown_attribute("blkio.throttle.read_bps_device", text, "8:16 1"), "8:16 700");
  EXPECT_EQ(neutral_value("blkio.throttle.read_bps_device", "8:16 1"), "8:16 0");
}

TEST(CgroupAttributes, AFreezingGroupCountsAsFrozen) {
  EXPECT_EQ(shown_attribute("freezer.state", "FREEZING\n", "FROZEN"), "FROZEN");
  EXPECT_EQ(shown_attribute("cpu.max", "max 100000\n", "5"), "max 100000");
}

TEST(CgroupAttributes, RefuseFilesThatDoOtherThings) {
  for (const char* name : {"release_agent", "cgroup.procs", "tasks", "cgroup.kill", "../cpu.max",
                           "devices.allow", "cgroup.subtree_control", ""}) {
    const Status checked = check_attribute(name, "1");
    ASSERT_FALSE(checked.ok()) << name;
    EXPECT_EQ(checked.error().code, Code::invalid);
  }
}

TEST(CgroupAttributes, RefuseValuesThatTheKernelWouldNotTake) {
  for (const auto& [name, value] :
       {std::pair("cpu.max", "lots"), std::pair("cpu.max", "1 2 3"), std::pair("cpu.max", "0 0"),
        std::pair("cpu.max", ""), std::pair("memory.max", "-1"), std::pair("memory.max", "4Q"),
        std::pair("pids.max", "-3"), std::pair("cpu.cfs_quota_us", "20000x"),
        std::pair("cpu.cfs_quota_us", "99999999999999999999"),
        std::pair("freezer.state", "frozen")}) {
    EXPECT_FALSE(check_attribute(name, value).ok()) << name << " " << value;
  }
}

}  // namespace
}  // namespace squall::change
