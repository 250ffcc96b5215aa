#include <cerrno>
#include <filesystem>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/host.h"
#include "witness/own_watch_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class FileRefused : public testing::Test {
 protected:
  FileRefused() {
    std::string folder = testing::TempDir() + "squall-witness-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/file";
    EXPECT_TRUE(sys::write_file_durably(path_, "x").ok());
  }
  ~FileRefused() override { std::filesystem::remove_all(folder_); }
  void SetUp() override {
    if (!sys::look_at_host().may_watch_files) GTEST_SKIP() << "needs fanotify, so CAP_SYS_ADMIN";
  }
  std::unique_ptr<Witness> open(const std::string& path, std::int64_t attempts = 1) const {
    return scenes::open("file.refused", {{"path", path}, {"error", EIO}, {"attempts", attempts}})
        .value();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FileRefused, SeesTheErrorComeAndGo) {
  const auto witness = open(path_);
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  {
    const OwnWatch watch(path_, EIO, {});
    const auto on = scenes::see(*witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_EQ(on->dose, 1.0);
    EXPECT_EQ(on->detail, "1 of 1 attempts failed with EIO");
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(FileRefused, DoesNotTakeOneErrorForAnother) {
  const auto witness = open(path_);
  const OwnWatch watch(path_, ENOSPC, {});
  const Sighting sighting = witness->look().value();
  EXPECT_FALSE(sighting.on);
  EXPECT_THAT(sighting.detail, testing::HasSubstr("one with ENOSPC"));
}

TEST_F(FileRefused, MeasuresWhichPartFails) {
  const auto witness = open(path_, 20);
  const OwnWatch watch(path_, EIO, {}, 4);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 0.25);
}

TEST_F(FileRefused, TriesAFileBelowAFolder) {
  ASSERT_TRUE(sys::make_folders(folder_ + "/a/b").ok());
  ASSERT_EQ(::rename(path_.c_str(), (folder_ + "/a/b/file").c_str()), 0);
  const auto witness = open(folder_);
  const OwnWatch watch(folder_ + "/a/b/file", EIO, {});
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST_F(FileRefused, RefusesAFolderInWhichThereIsNothingToTry) {
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  const auto witness = scenes::open("file.refused", {{"path", folder_}, {"error", EIO}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
