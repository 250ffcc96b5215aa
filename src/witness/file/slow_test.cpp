#include <cerrno>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/host.h"
#include "witness/own_watch_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class FileSlow : public testing::Test {
 protected:
  FileSlow() {
    std::string folder = testing::TempDir() + "squall-witness-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/file";
    EXPECT_TRUE(sys::write_file_durably(path_, "x").ok());
  }
  ~FileSlow() override { std::filesystem::remove_all(folder_); }
  void SetUp() override {
    if (!sys::look_at_host().may_watch_files) GTEST_SKIP() << "needs fanotify, so CAP_SYS_ADMIN";
  }
  std::unique_ptr<Witness> open() const {
    return scenes::open("file.slow", {{"path", path_}, {"at_least", "400 ms"}}).value();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FileSlow, SeesTheDelayComeAndGo) {
  const auto witness = open();
  EXPECT_FALSE(witness->look().value().on);
  {
    const OwnWatch watch(path_, 0, milliseconds(450));
    const auto on = scenes::see(*witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_GE(on->dose, 450);
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(FileSlow, DoesNotWaitForWhatHangs) {
  const auto witness = open();
  const OwnWatch watch(path_, 0, seconds(60));
  const Duration begun = sys::monotonic_now();
  EXPECT_TRUE(witness->look().value().on);
  EXPECT_LT(sys::monotonic_now() - begun, seconds(5));
}

TEST_F(FileSlow, SaysWhenItCannotTellBecauseItFails) {
  const auto witness = open();
  const OwnWatch watch(path_, EIO, {});
  EXPECT_FALSE(witness->look().ok());
}

}  // namespace
}  // namespace squall::witness
