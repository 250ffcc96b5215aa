#include "change/unnamed_files.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include "sys/clock.h"
#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

// Lowers the limit on descriptors, as on a host where it is small, and puts it back.
class DescriptorLimit {
 public:
  explicit DescriptorLimit(rlim_t soft) {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const rlimit limit{soft, before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &limit);
  }
  ~DescriptorLimit() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_{};
};

class UnnamedFilesOn : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root and, for images, loop devices";
  }
  sys::ScratchMount mount_{{.size = Bytes{48 << 20}, .inodes = 60'000, .program = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Filesystems, UnnamedFilesOn, testing::Values("", "mkfs.ext4"),
                         [](const auto& one) {
                           return one.param.empty() ? "tmpfs" : one.param.substr(5);
                         });

TEST_P(UnnamedFilesOn, TakeExactlyAsManyInodesAndGiveThemBack) {
  const std::uint64_t before = mount_.free_inodes();
  UnnamedFiles files;
  ASSERT_TRUE(files.add(mount_.path(), 1500, {}).ok());
  EXPECT_EQ(before - mount_.free_inodes(), 1500U);
  EXPECT_EQ(files.count(), 1500U);
  files = UnnamedFiles();
  // A thread is gone for us a moment before the kernel closes its descriptors.
  const Duration deadline = sys::monotonic_now() + seconds(5);
  while (mount_.free_inodes() != before && sys::monotonic_now() < deadline) {
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  EXPECT_EQ(mount_.free_inodes(), before);
}

TEST_P(UnnamedFilesOn, AreMoreThanOneTableOfDescriptorsHolds) {
  rlimit limit{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &limit), 0);
  if (limit.rlim_max > 50'000) GTEST_SKIP() << "a table holds more than this filesystem has";
  const DescriptorLimit low(1024);
  const std::uint64_t wanted = limit.rlim_max * 2;
  const std::uint64_t before = mount_.free_inodes();
  UnnamedFiles files;
  const Result<bool> added = files.add(mount_.path(), wanted, {});
  ASSERT_TRUE(added.ok()) << added.error().render();
  EXPECT_TRUE(*added);
  EXPECT_EQ(before - mount_.free_inodes(), wanted);
}

TEST_P(UnnamedFilesOn, KeepWhatTheyGotWhenInodesRunOut) {
  const std::uint64_t before = mount_.free_inodes();
  UnnamedFiles files;
  EXPECT_FALSE(files.add(mount_.path(), before + 1, {}).value());
  EXPECT_EQ(files.count(), before);
  EXPECT_EQ(mount_.free_inodes(), 0U);
}

TEST_P(UnnamedFilesOn, StopWhenTheyAreTold) {
  std::stop_source stop;
  stop.request_stop();
  UnnamedFiles files;
  EXPECT_TRUE(files.add(mount_.path(), 1000, stop.get_token()).ok());
  EXPECT_EQ(files.count(), 0U);
}

TEST(UnnamedFiles, AreUnsupportedWhereThereAreNone) {
  EXPECT_EQ(open_unnamed_file("/sys/kernel").error().code, Code::unsupported);
  EXPECT_EQ(open_unnamed_file("/no/such/folder").error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::change
