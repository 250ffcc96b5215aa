#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class FileAbsent : public testing::Test {
 protected:
  FileAbsent() {
    std::string folder = testing::TempDir() + "squall-witness-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/file";
    EXPECT_TRUE(sys::write_file_durably(path_, "x").ok());
  }
  ~FileAbsent() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<Witness> open() const {
    return scenes::open("file.absent", {{"path", path_}}).value();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FileAbsent, SeesTheNameGoAndComeBack) {
  const auto witness = open();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_EQ(::rename(path_.c_str(), (path_ + ".aside").c_str()), 0);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 1.0);
  ASSERT_EQ(::rename((path_ + ".aside").c_str(), path_.c_str()), 0);
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(FileAbsent, TakesWhatCannotBeUsedForThere) {
  const auto witness = open();
  ASSERT_EQ(::chmod(path_.c_str(), 0), 0);
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_TRUE(sys::write_file_durably(path_, "another").ok());
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  ASSERT_EQ(::symlink("nowhere", path_.c_str()), 0);
  EXPECT_FALSE(witness->look().value().on);
}

TEST_F(FileAbsent, SeesTheWholeFolderGone) {
  const auto witness = open();
  std::filesystem::remove_all(folder_);
  EXPECT_TRUE(witness->look().value().on);
}

TEST_F(FileAbsent, SaysWhenItCannotLook) {
  const auto broken = scenes::open("file.absent", {{"path", path_ + "/below"}});
  EXPECT_FALSE(broken.ok());
}

}  // namespace
}  // namespace squall::witness
