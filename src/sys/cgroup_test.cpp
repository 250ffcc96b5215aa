#include "sys/cgroup.h"

#include <algorithm>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

namespace squall::sys {
namespace {

constexpr std::string_view mountinfo =
    "25 20 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw\n"
    "30 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs rw,mode=755\n"
    "31 30 0:27 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
    "32 30 0:28 / /sys/fs/cgroup/systemd rw - cgroup systemd rw,xattr,name=systemd\n"
    "33 30 0:29 /docker/abc /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n"
    "34 30 0:30 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw,nsdelegate\n"
    "35 30 broken - cgroup\n";

CgroupHierarchy mounted_at(std::string_view mount) {
  for (CgroupHierarchy& hierarchy : parse_cgroup_mounts(mountinfo)) {
    if (hierarchy.mount == mount) return std::move(hierarchy);
  }
  return {};
}

TEST(CgroupMounts, AreFoundWithTheirVersionAndRoot) {
  EXPECT_EQ(parse_cgroup_mounts(mountinfo).size(), 4U);
  EXPECT_FALSE(mounted_at("/sys/fs/cgroup/cpu,cpuacct").is_v2);
  EXPECT_TRUE(mounted_at("/sys/fs/cgroup/unified").is_v2);
  EXPECT_EQ(mounted_at("/sys/fs/cgroup/memory").root, "/docker/abc");
}

TEST(CgroupDirectory, IsTheOneOfTheRightHierarchy) {
  constexpr std::string_view places =
      "9:cpu,cpuacct:/web\n7:name=systemd:/system.slice/web.service\n5:memory:/docker/abc/inner\n"
      "0::/user:1/of:colons\n";
  const auto at = [&](std::string_view mount) {
    return cgroup_directory(places, mounted_at(mount)).value_or("none");
  };
  EXPECT_EQ(at("/sys/fs/cgroup/cpu,cpuacct"), "/sys/fs/cgroup/cpu,cpuacct/web");
  EXPECT_EQ(at("/sys/fs/cgroup/systemd"), "/sys/fs/cgroup/systemd/system.slice/web.service");
  EXPECT_EQ(at("/sys/fs/cgroup/memory"), "/sys/fs/cgroup/memory/inner");
  EXPECT_EQ(at("/sys/fs/cgroup/unified"), "/sys/fs/cgroup/unified/user:1/of:colons");
}

TEST(CgroupDirectory, IsTheMountPointForTheRoot) {
  EXPECT_EQ(cgroup_directory("0::/\n", mounted_at("/sys/fs/cgroup/unified")),
            "/sys/fs/cgroup/unified");
}

TEST(CgroupDirectory, IsNoneOutsideOfWhatIsMounted) {
  EXPECT_FALSE(cgroup_directory("5:memory:/docker/abcdef\n", mounted_at("/sys/fs/cgroup/memory")));
  EXPECT_FALSE(cgroup_directory("5:memory:/\n", mounted_at("/sys/fs/cgroup/memory")));
  EXPECT_FALSE(cgroup_directory("0::/../other\n", mounted_at("/sys/fs/cgroup/unified")));
  EXPECT_FALSE(cgroup_directory("garbage\n::\n", mounted_at("/sys/fs/cgroup/unified")));
}

TEST(CgroupHierarchyOf, RefusesWhatLiesInNone) {
  const auto found = cgroup_hierarchy_of("/etc/passwd");
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::invalid);
}

TEST(OpenInCgroup, RefusesAFileOfAnotherFilesystem) {
  const auto opened = open_in_cgroup("/proc/self/stat", O_RDONLY);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::invalid);
}

TEST(CgroupDirectoryOf, FindsThisProcessWhereItIsListed) {
  const ProcessId self = read_process(::getpid()).value().id;
  const Result<CgroupHierarchy> hierarchy = cgroup_hierarchy_of("/sys/fs/cgroup/unified");
  const Result<CgroupHierarchy> pure = cgroup_hierarchy_of("/sys/fs/cgroup");
  if (!hierarchy.ok() && !pure.ok()) GTEST_SKIP() << "no cgroup2 hierarchy is mounted here";
  const std::string directory =
      cgroup_directory_of(self, hierarchy.ok() ? *hierarchy : *pure).value();
  const std::vector<std::int64_t> members = cgroup_members(directory);
  EXPECT_TRUE(std::binary_search(members.begin(), members.end(), self.pid)) << directory;
  EXPECT_FALSE(
      cgroup_directory_of({self.pid, self.start_ticks + 1}, hierarchy.ok() ? *hierarchy : *pure)
          .ok());
}

}  // namespace
}  // namespace squall::sys
