#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class FileLocked : public testing::Test {
 protected:
  FileLocked() {
    std::string folder = testing::TempDir() + "squall-witness-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/file";
    EXPECT_TRUE(sys::write_file_durably(path_, std::string(100, 'x')).ok());
    fd_ = sys::open_file(path_, O_RDWR).value();
  }
  ~FileLocked() override { std::filesystem::remove_all(folder_); }

  std::unique_ptr<Witness> open(json::object params) const {
    params["path"] = path_;
    return scenes::open("file.locked", params).value();
  }
  static bool is_on(Witness& witness) { return witness.look().value().on; }
  void lock_range(int type, off_t start, off_t length) const {
    struct flock range {};
    range.l_type = static_cast<short>(type);
    range.l_start = start;
    range.l_len = length;
    ASSERT_EQ(::fcntl(fd_.get(), F_OFD_SETLK, &range), 0);
  }

  std::string folder_;
  std::string path_;
  sys::Fd fd_;
};

TEST_F(FileLocked, SeesAFlockComeAndGoWithoutTakingOne) {
  const auto witness = open({});
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_EQ(::flock(fd_.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_TRUE(is_on(*witness));
  ASSERT_EQ(::flock(fd_.get(), LOCK_UN), 0);
  EXPECT_FALSE(is_on(*witness));
}

TEST_F(FileLocked, KnowsThatASharedLockRefusesOnlyAnExclusiveOne) {
  const auto exclusive = open({});
  const auto shared = open({{"mode", "shared"}});
  ASSERT_EQ(::flock(fd_.get(), LOCK_SH | LOCK_NB), 0);
  EXPECT_TRUE(is_on(*exclusive));
  EXPECT_FALSE(is_on(*shared));
  ASSERT_EQ(::flock(fd_.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_TRUE(is_on(*shared));
}

TEST_F(FileLocked, SeesAPosixLockOnlyWhereItIs) {
  const auto whole = open({{"how", "posix"}});
  const auto head = open({{"how", "posix"}, {"length", "10 B"}});
  const auto tail = open({{"how", "posix"}, {"start", "50 B"}, {"length", "10 B"}});
  lock_range(F_WRLCK, 50, 10);
  EXPECT_TRUE(is_on(*whole));
  EXPECT_FALSE(is_on(*head));
  EXPECT_TRUE(is_on(*tail));
  lock_range(F_UNLCK, 0, 0);
  EXPECT_FALSE(is_on(*whole));
}

TEST_F(FileLocked, DoesNotTakeOneKindForTheOtherNorAnotherFile) {
  const auto flock_witness = open({});
  const auto posix_witness = open({{"how", "posix"}});
  ASSERT_EQ(::flock(fd_.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_FALSE(is_on(*posix_witness));
  ASSERT_EQ(::flock(fd_.get(), LOCK_UN), 0);
  lock_range(F_WRLCK, 0, 0);
  EXPECT_FALSE(is_on(*flock_witness));
  lock_range(F_UNLCK, 0, 0);
  const std::string other = folder_ + "/other";
  ASSERT_TRUE(sys::write_file_durably(other, "y").ok());
  const sys::Fd fd = sys::open_file(other, O_RDWR).value();
  ASSERT_EQ(::flock(fd.get(), LOCK_EX | LOCK_NB), 0);
  EXPECT_FALSE(is_on(*flock_witness));
}

TEST_F(FileLocked, RefusesWhatIsNotThere) {
  EXPECT_EQ(scenes::open("file.locked", {{"path", path_ + "-none"}}).error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
