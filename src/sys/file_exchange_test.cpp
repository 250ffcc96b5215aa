#include "sys/file_exchange.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "sys/file.h"
#include "sys/file_identity.h"

namespace squall::sys {
namespace {

class FileExchangeTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "exchange-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
    ASSERT_TRUE(write_file_durably(at("one"), "1", 0640).ok());
    ASSERT_TRUE(write_file_durably(at("two"), "2").ok());
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string at(const std::string& name) const { return folder_ + "/" + name; }

  std::string folder_;
};

TEST_F(FileExchangeTest, GivesEachFileTheOthersName) {
  const std::string one = file_identity(at("one")).value();
  const std::string two = file_identity(at("two")).value();
  ASSERT_TRUE(exchange_files(at("one"), at("two")).ok());
  EXPECT_EQ(file_identity(at("one")).value(), two);
  EXPECT_EQ(file_identity(at("two")).value(), one);
}

TEST_F(FileExchangeTest, NeverRenamesOverAFile) {
  const Status renamed = rename_to_free(at("one"), at("two"));
  ASSERT_FALSE(renamed.ok());
  EXPECT_EQ(renamed.error().code, Code::conflict) << renamed.error().render();
  EXPECT_EQ(read_file(at("two")).value(), "2");
  EXPECT_TRUE(rename_to_free(at("one"), at("three")).ok());
  EXPECT_EQ(read_file(at("three")).value(), "1");
}

TEST_F(FileExchangeTest, MakesAFileWithTheModeAndAttributesOfAnother) {
  const bool has_attributes = ::setxattr(at("one").c_str(), "user.colour", "blue", 4, 0) == 0;
  const Fd model = open_file(at("one"), O_RDONLY).value();
  ASSERT_TRUE(write_file_like(model, at("like"), "other").ok());
  EXPECT_EQ(read_file(at("like")).value(), "other");
  struct stat status {};
  ASSERT_EQ(::stat(at("like").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  std::string value(16, '\0');
  const ssize_t size = ::getxattr(at("like").c_str(), "user.colour", value.data(), value.size());
  EXPECT_EQ(size, has_attributes ? 4 : -1);
  EXPECT_FALSE(write_file_like(model, at("like"), "again").ok());
}

}  // namespace
}  // namespace squall::sys
