#include <cstdlib>
#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class FileMode : public testing::Test {
 protected:
  FileMode() {
    std::string folder = testing::TempDir() + "squall-witness-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/file";
    EXPECT_TRUE(sys::write_file_durably(path_, "x", 0644).ok());
  }
  ~FileMode() override { std::filesystem::remove_all(folder_); }
  std::unique_ptr<Witness> open(const std::string& path) const {
    return scenes::open("file.mode", {{"path", path}}).value();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FileMode, SeesTheModeChangeAndBack) {
  const auto witness = open(path_);
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_EQ(::chmod(path_.c_str(), 0), 0);
  EXPECT_TRUE(scenes::comes_to_say(*witness, "mode 0644 became 0000"));
  ASSERT_EQ(::chmod(path_.c_str(), 0644), 0);
  EXPECT_TRUE(scenes::comes_to_say(*witness, "as it was"));
}

TEST_F(FileMode, SeesOwnerAndGroupOfAFolder) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const auto witness = open(folder_);
  ASSERT_EQ(::chown(folder_.c_str(), 7, 8), 0);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 2.0);
  EXPECT_EQ(on->detail, "owner 0 became 7, group 0 became 8");
}

TEST_F(FileMode, SeesNothingInAnotherContent) {
  const auto witness = open(path_);
  ASSERT_TRUE(sys::write_file_durably(path_, "other", 0644).ok());
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(FileMode, SaysWhenTheFileIsGone) {
  const auto witness = open(path_);
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  EXPECT_EQ(witness->look().error().code, Code::not_found);
  EXPECT_EQ(scenes::open("file.mode", {{"path", path_}}).error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
