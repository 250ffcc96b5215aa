#include "change/ballast_file.h"

#include <gtest/gtest.h>

#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

using sys::ScratchMount;

constexpr std::uint64_t mebibyte = 1 << 20;

// Takes what is asked for and returns how often it had to step.
Result<int> fill(BallastFile& file, const SpaceGoal& goal) {
  for (int steps = 1;; ++steps) {
    if (TRY(file.approach(goal))) return steps;
    CHECK(steps < 200, "it comes to an end");
  }
}

// ext4 keeps maps and a reserve for root; ext2 cannot allocate; tmpfs has neither.
class BallastFileOn : public testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root and, for images, loop devices";
  }
  ScratchMount mount_{{.size = Bytes{48 * mebibyte}, .program = GetParam()}};
};
INSTANTIATE_TEST_SUITE_P(Filesystems, BallastFileOn, testing::Values("", "mkfs.ext4", "mkfs.ext2"),
                         [](const auto& one) {
                           return one.param.empty() ? "tmpfs" : one.param.substr(5);
                         });

TEST_P(BallastFileOn, TakesASizeExactToABlockAndGivesItBack) {
  const std::uint64_t before = mount_.free_bytes();
  for (const std::uint64_t size : {mount_.block(), 5 * mebibyte, 17 * mebibyte + 12 * 4096}) {
    BallastFile file = BallastFile::open(mount_.path()).value();
    ASSERT_TRUE(fill(file, {.size = Bytes{size + 100}}).ok());
    EXPECT_EQ(before - mount_.free_bytes(), size);
    EXPECT_EQ(file.taken().count, size);
    EXPECT_EQ(file.allocates(), GetParam() != "mkfs.ext2");
    file = BallastFile::open(mount_.path()).value();
    EXPECT_EQ(mount_.free_bytes(), before);
  }
}

TEST_P(BallastFileOn, LeavesExactlyWhatItIsTold) {
  BallastFile file = BallastFile::open(mount_.path()).value();
  ASSERT_TRUE(fill(file, {.leave = Bytes{3 * mebibyte}}).ok());
  EXPECT_EQ(mount_.available_bytes(), 3 * mebibyte);
}

TEST_P(BallastFileOn, LeavesNothingAtAll) {
  const std::uint64_t before = mount_.free_bytes();
  {
    BallastFile file = BallastFile::open(mount_.path()).value();
    ASSERT_TRUE(fill(file, {.leave = Bytes{0}, .take_reserve = true}).ok());
    // ext4 keeps some for its own records, which it counts as free and gives to nobody.
    EXPECT_LE(mount_.free_bytes(), mebibyte);
    const sys::Fd victim = sys::open_file(mount_.path() + "/victim", O_CREAT | O_WRONLY).value();
    const std::string block(mount_.block(), 'x');
    EXPECT_FALSE(sys::write_all(victim, block).ok());
  }
  EXPECT_LE(before - mount_.free_bytes(), mount_.block()) << "but for the victim's own file";
}

TEST_P(BallastFileOn, SaysThatTheSpaceRanOut) {
  BallastFile file = BallastFile::open(mount_.path()).value();
  const Result<int> filled = fill(file, {.size = Bytes{90 * mebibyte}});
  ASSERT_FALSE(filled.ok());
  EXPECT_NE(filled.error().message.find("was full"), std::string::npos) << filled.error().render();
}

TEST_P(BallastFileOn, LeavesTheReserveUnlessItIsTakenToo) {
  BallastFile file = BallastFile::open(mount_.path()).value();
  ASSERT_TRUE(fill(file, {.leave = Bytes{0}}).ok());
  EXPECT_EQ(mount_.available_bytes(), 0U);
  EXPECT_EQ(mount_.free_bytes() > mebibyte, !GetParam().empty()) << "tmpfs has no reserve";
}

TEST(BallastFile, IsUnsupportedWhereThereAreNoFilesWithoutAName) {
  const Result<BallastFile> file = BallastFile::open("/sys/kernel");
  ASSERT_FALSE(file.ok());
  EXPECT_EQ(file.error().code, Code::unsupported) << file.error().render();
}

TEST(BallastFile, SaysWhatIsWrongWithAPath) {
  EXPECT_EQ(BallastFile::open("/no/such/folder").error().code, Code::not_found);
  EXPECT_FALSE(BallastFile::open("/proc/self/status").ok());
}

}  // namespace
}  // namespace squall::change
