#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "cgroup.attribute");
}

class CgroupAttributeTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    const std::string path = free_cpu_group();
    if (path.empty()) GTEST_SKIP() << "no cpu controller here";
    group_ = std::make_unique<Group>(path);
    file_ = path + (cpu_controller_is_v1() ? "/cpu.cfs_quota_us" : "/cpu.max");
  }
  json::object params(const std::string& value = "20000") const {
    return {{"path", file_}, {"value", value}};
  }

  std::unique_ptr<Group> group_;
  std::string file_;
};

TEST_F(CgroupAttributeTest, RecordsHowTheKernelWillShowTheValue) {
  const json::object before = kind().capture(params()).value();
  ASSERT_TRUE(kind().apply(params(), before).ok());
  EXPECT_EQ(text_at(before, "after") + "\n", sys::read_file(file_).value());
  EXPECT_EQ(kind().revert(params(), before)->ending, Ending::restored);
}

TEST_F(CgroupAttributeTest, LeavesAGroupAloneThatWasMadeAgainUnderItsName) {
  const json::object before = kind().capture(params()).value();
  ASSERT_TRUE(kind().apply(params(), before).ok());
  ASSERT_EQ(::rmdir(group_->path().c_str()), 0);
  ASSERT_EQ(::mkdir(group_->path().c_str(), 0755), 0);
  ASSERT_TRUE(sys::write_control(file_, "20000").ok());
  EXPECT_EQ(kind().verify(params(), before).value(), Presence::absent);
  EXPECT_EQ(kind().revert(params(), before)->ending, Ending::gone);
  EXPECT_TRUE(sys::read_file(file_)->starts_with("20000"));
}

TEST_F(CgroupAttributeTest, ReportsAGroupThatWasRemoved) {
  const json::object before = kind().capture(params()).value();
  ASSERT_TRUE(kind().apply(params(), before).ok());
  ASSERT_EQ(::rmdir(group_->path().c_str()), 0);
  EXPECT_EQ(kind().revert(params(), before)->ending, Ending::gone);
  EXPECT_FALSE(kind().apply(params(), before).ok());
  ASSERT_EQ(::mkdir(group_->path().c_str(), 0755), 0);
}

TEST_F(CgroupAttributeTest, RefusesTheKernelsNoAndLeavesTheOldValue) {
  const std::string old = sys::read_file(file_).value();
  const json::object tiny = params("1");  // below the kernel's least quota of 1 ms
  const Result<json::object> applied = kind().apply(tiny, kind().capture(tiny).value());
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::invalid) << applied.error().render();
  EXPECT_EQ(sys::read_file(file_).value(), old);
}

TEST_F(CgroupAttributeTest, SaysThatAnAttributeIsMissing) {
  const json::object missing{{"path", group_->path() + "/memory.high"}, {"value", "max"}};
  const Result<json::object> captured = kind().capture(missing);
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code, Code::not_found);
}

TEST(CgroupAttribute, WritesOnlyInMountedHierarchies) {
  const Folder folder;
  const std::string fake = folder.path() + "/cpu.max";
  ASSERT_TRUE(sys::write_file_durably(fake, "max 100000\n").ok());
  const json::object params{{"path", fake}, {"value", "20000"}};
  const Result<Footprint> touched = kind().footprint(params);
  ASSERT_FALSE(touched.ok());
  EXPECT_EQ(touched.error().code, Code::invalid);
  EXPECT_FALSE(kind().capture(params).ok());
}

// The tmpfs at /sys/fs/cgroup holds the mount points of v1 but is no hierarchy itself.
TEST(CgroupAttribute, DoesNotFollowALinkOutOfTheHierarchy) {
  const Folder folder;
  const std::string link = folder.path() + "/cpu.max";
  std::filesystem::create_symlink("/etc/hostname", link);
  EXPECT_FALSE(kind().footprint({{"path", link}, {"value", "20000"}}).ok());
}

}  // namespace
}  // namespace squall::change
