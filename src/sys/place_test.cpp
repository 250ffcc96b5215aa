#include "sys/place.h"

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::sys {
namespace {

class PlaceTest : public testing::Test {
 protected:
  PlaceTest() {
    std::string pattern = testing::TempDir() + "squall-place-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = real_path(pattern).value();
    EXPECT_TRUE(make_folders(folder_ + "/a/b").ok());
    write(folder_ + "/a/b/file", "here");
  }
  ~PlaceTest() override { std::filesystem::remove_all(folder_); }

  static void write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(write_file_durably(path, text).ok());
  }
  Code code_of(const std::string& path) const {
    const Result<Place> place = open_place(path);
    return place.ok() ? Code::failed : place.error().code;
  }

  std::string folder_;
};

TEST_F(PlaceTest, IsTheFolderThatWasOpenedWhateverThePathMeansNow) {
  const Place place = open_place(folder_ + "/a/b/file").value();
  EXPECT_EQ(place.path(), folder_ + "/a/b/file");
  ASSERT_EQ(::rename((folder_ + "/a").c_str(), (folder_ + "/moved").c_str()), 0);
  ASSERT_EQ(::symlink("/etc", (folder_ + "/a").c_str()), 0);
  const Fd fd = open_at(place, "file", O_RDONLY).value();
  EXPECT_EQ(read_at(fd, 0, 10).value(), "here");
  ASSERT_TRUE(rename_to_free_at(place, "file", "aside").ok());
  EXPECT_TRUE(exists(folder_ + "/moved/b/aside"));
}

TEST_F(PlaceTest, IsNotOpenedThroughASymbolicLink) {
  ASSERT_EQ(::symlink((folder_ + "/a").c_str(), (folder_ + "/link").c_str()), 0);
  EXPECT_EQ(code_of(folder_ + "/link/b/file"), Code::conflict);
  EXPECT_EQ(code_of(folder_ + "/none/b/file"), Code::not_found);
  EXPECT_EQ(code_of("a/b"), Code::invalid);
  EXPECT_EQ(code_of(folder_ + "/a/.."), Code::invalid);
  EXPECT_EQ(code_of("/"), Code::invalid);
  // The last part is not followed either.
  ASSERT_EQ(::symlink("b/file", (folder_ + "/a/last").c_str()), 0);
  EXPECT_FALSE(open_at(open_place(folder_ + "/a/last").value(), "last", O_RDONLY).ok());
}

// Somebody swaps a folder with a link to elsewhere as fast as he can; no open may end up there.
TEST_F(PlaceTest, IsNeverLedElsewhereByARace) {
  ASSERT_TRUE(make_folders(folder_ + "/evil/b").ok());
  write(folder_ + "/evil/b/file", "evil");
  ASSERT_EQ(::symlink("evil", (folder_ + "/link").c_str()), 0);
  const std::string one = folder_ + "/a";
  const std::string other = folder_ + "/link";
  std::atomic<bool> stop = false;
  std::jthread swapper([&] {
    while (!stop) {
      static_cast<void>(
          ::renameat2(AT_FDCWD, one.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE));
    }
  });
  int opened = 0;
  int refused = 0;
  for (int i = 0; i < 20'000 && (i < 2000 || opened == 0 || refused == 0); ++i) {
    const Result<Place> place = open_place(folder_ + "/a/b/file");
    if (!place.ok()) {
      ++refused;
      continue;
    }
    ++opened;
    EXPECT_EQ(read_at(open_at(*place, "file", O_RDONLY).value(), 0, 10).value(), "here");
  }
  stop = true;
  EXPECT_GT(opened, 0);
  EXPECT_GT(refused, 0) << "the race was never lost, so nothing was shown";
}

TEST_F(PlaceTest, OpensForChangeOnlyARegularFileWithOneName) {
  const Place place = open_place(folder_ + "/a/b/file").value();
  EXPECT_TRUE(open_sole_file(place, O_RDWR).ok());
  ASSERT_EQ(::link((folder_ + "/a/b/file").c_str(), (folder_ + "/other").c_str()), 0);
  EXPECT_EQ(open_sole_file(place, O_RDWR).error().code, Code::refused);
  EXPECT_EQ(open_sole_file(open_place(folder_ + "/a/b").value(), O_RDONLY).error().code,
            Code::invalid);
  ASSERT_EQ(::mkfifo((folder_ + "/pipe").c_str(), 0600), 0);
  EXPECT_EQ(open_sole_file(open_place(folder_ + "/pipe").value(), O_RDONLY).error().code,
            Code::invalid);
}

TEST_F(PlaceTest, RenamesOnlyToAFreeNameAndExchanges) {
  write(folder_ + "/a/b/other", "there");
  const Place place = open_place(folder_ + "/a/b/file").value();
  const Status taken = rename_to_free_at(place, "file", "other");
  ASSERT_FALSE(taken.ok());
  EXPECT_EQ(taken.error().code, Code::conflict);
  ASSERT_TRUE(exchange_at(place, "file", "other").ok());
  EXPECT_EQ(read_file(folder_ + "/a/b/file").value(), "there");
  ASSERT_TRUE(remove_at(place, "file").ok());
  EXPECT_FALSE(exists_at(place, "file"));
  EXPECT_TRUE(exists_at(place, "other"));
  EXPECT_EQ(identity_at(place, "file").error().code, Code::not_found);
}

TEST_F(PlaceTest, MakesAFileWithTheModeAndAttributesOfAnother) {
  const std::string path = folder_ + "/a/b/file";
  ASSERT_EQ(::chmod(path.c_str(), 0640), 0);
  const bool has_attributes = ::setxattr(path.c_str(), "user.colour", "blue", 4, 0) == 0;
  const Place place = open_place(path).value();
  const Fd model = open_at(place, "file", O_RDONLY).value();
  ASSERT_TRUE(write_file_like(model, place, "like", "other").ok());
  const std::string like = folder_ + "/a/b/like";
  EXPECT_EQ(read_file(like).value(), "other");
  EXPECT_EQ(sha256_of(open_at(place, "like", O_RDONLY).value()).value(), file_sha256(like).value());
  struct stat status {};
  ASSERT_EQ(::stat(like.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777U, 0640U);
  std::string value(16, '\0');
  const ssize_t size = ::getxattr(like.c_str(), "user.colour", value.data(), value.size());
  EXPECT_EQ(size, has_attributes ? 4 : -1);
  EXPECT_FALSE(write_file_like(model, place, "like", "again").ok());
}

TEST_F(PlaceTest, ResolvesTheFolderButNotTheName) {
  ASSERT_EQ(::symlink("/etc/hostname", (folder_ + "/a/name").c_str()), 0);
  ASSERT_EQ(::symlink("a", (folder_ + "/link").c_str()), 0);
  EXPECT_EQ(real_place(folder_ + "/link/../link/name").value(), folder_ + "/a/name");
  EXPECT_EQ(real_place("/name-of-nothing").value(), "/name-of-nothing");
  EXPECT_FALSE(real_place(folder_ + "/a/..").ok());
  EXPECT_FALSE(real_place(folder_ + "/a/").ok());
}

}  // namespace
}  // namespace squall::sys
