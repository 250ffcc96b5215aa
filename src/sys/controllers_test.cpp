#include "sys/controllers.h"

#include <cstdlib>
#include <filesystem>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::sys {
namespace {

// Files as the kernel writes them, in a folder of our own.
class Files {
 public:
  Files() {
    std::string pattern = testing::TempDir() + "controllers-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    path_ = pattern;
  }
  ~Files() { std::filesystem::remove_all(path_); }
  Files(const Files&) = delete;
  Files& operator=(const Files&) = delete;
  void put(const std::string& name, std::string_view text) const {
    ASSERT_TRUE(write_file_durably(path_ + "/" + name, text).ok());
  }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

TEST(Controllers, ReadANumberOfAGroup) {
  const Files group;
  group.put("pids.current", "17\n");
  group.put("pids.max", "max\n");
  group.put("memory.limit_in_bytes", "9223372036854771712\n");
  group.put("memory.events", "low 0\nhigh 3\nmax 12\noom 2\noom_kill 1\noom_group_kill 0\n");
  group.put("broken", "12x\n");
  EXPECT_EQ(group_number(group.path(), "pids.current"), 17U);
  EXPECT_EQ(group_number(group.path(), "pids.max"), std::nullopt);
  EXPECT_EQ(group_number(group.path(), "memory.limit_in_bytes"), std::nullopt);
  EXPECT_EQ(group_number(group.path(), "memory.events", "oom"), 2U);
  EXPECT_EQ(group_number(group.path(), "memory.events", "oom_kill"), 1U);
  EXPECT_EQ(group_number(group.path(), "memory.events", "oom_k"), std::nullopt);
  EXPECT_EQ(group_number(group.path(), "broken"), std::nullopt);
  EXPECT_EQ(group_number(group.path(), "missing"), std::nullopt);
}

TEST(Controllers, SayWhatAGroupUsesInBothVersions) {
  const Files group;
  group.put("memory.current", "4096\n");
  group.put("memory.max", "max\n");
  group.put("memory.usage_in_bytes", "8192\n");
  group.put("memory.limit_in_bytes", "65536\n");
  const auto v2 = group_use("memory", group.path(), {.mount = group.path(), .is_v2 = true});
  ASSERT_TRUE(v2.has_value());
  EXPECT_EQ(v2->used, 4096U);
  EXPECT_EQ(v2->limit, std::nullopt);
  const auto v1 = group_use("memory", group.path(), {.mount = group.path()});
  ASSERT_TRUE(v1.has_value());
  EXPECT_EQ(v1->used, 8192U);
  EXPECT_EQ(v1->limit, 65536U);
  EXPECT_FALSE(group_use("pids", group.path(), {.mount = group.path()}).has_value());
}

TEST(Controllers, NameTheGroupsAboveAGroupInOrder) {
  EXPECT_THAT(groups_upward("/cg/a/b", {.mount = "/cg"}),
              testing::ElementsAre("/cg/a/b", "/cg/a", "/cg"));
  EXPECT_THAT(groups_upward("/cg", {.mount = "/cg"}), testing::ElementsAre("/cg"));
}

TEST(Controllers, FindTheHierarchyOfTheHost) {
  EXPECT_FALSE(hierarchy_with("no such controller").has_value());
  const auto memory = hierarchy_with("memory");
  if (!memory) GTEST_SKIP() << "this host mounts no memory controller";
  const std::string group = fmt::format("{}/squall-controllers-{}", memory->mount, ::getpid());
  if (::mkdir(group.c_str(), 0755) != 0) GTEST_SKIP() << "no control group can be made here";
  const auto use = group_use("memory", group, *memory);
  ::rmdir(group.c_str());
  ASSERT_TRUE(use.has_value());
  EXPECT_LT(use->used, 1U << 20);
  EXPECT_EQ(use->limit, std::nullopt);
}

}  // namespace
}  // namespace squall::sys
