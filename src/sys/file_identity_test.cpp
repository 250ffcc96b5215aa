#include "sys/file_identity.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::sys {
namespace {

class FileIdentityTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "identity-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    file_ = folder_ + "/file";
    ASSERT_TRUE(write_file_durably(file_, "one").ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
  std::string file_;
};

TEST_F(FileIdentityTest, StaysThroughRenamesAndWrites) {
  const std::string before = file_identity(file_).value();
  const Fd fd = open_file(file_, O_WRONLY).value();
  ASSERT_TRUE(write_at(fd, 0, "two").ok());
  ASSERT_EQ(::rename(file_.c_str(), (file_ + ".moved").c_str()), 0);
  EXPECT_EQ(file_identity(file_ + ".moved").value(), before);
  EXPECT_EQ(file_identity(fd).value(), before);
}

TEST_F(FileIdentityTest, IsAnotherOneForAFileMadeAnewUnderTheSameName) {
  const std::string before = file_identity(file_).value();
  // Filesystems like to give the number of a removed file to the next one at once.
  for (int i = 0; i < 20; ++i) {
    ASSERT_TRUE(remove_file(file_).ok());
    ASSERT_TRUE(write_file_durably(file_, "one").ok());
    EXPECT_NE(file_identity(file_).value(), before);
  }
}

TEST_F(FileIdentityTest, IsTheLinksOwn) {
  ASSERT_EQ(::symlink(file_.c_str(), (folder_ + "/link").c_str()), 0);
  EXPECT_NE(file_identity(folder_ + "/link").value(), file_identity(file_).value());
}

TEST_F(FileIdentityTest, OfNothingIsNotFound) {
  const auto missing = file_identity(folder_ + "/missing");
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::sys
