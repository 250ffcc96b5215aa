#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <unistd.h>

#include "change/holder.h"
#include "change/targets_test.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "file.lock");
}

class FileLockTest : public testing::Test {
 protected:
  FileLockTest() {
    EXPECT_TRUE(sys::write_file_durably(path_, std::string(100, 'x')).ok());
    fd_ = sys::open_file(path_, O_RDWR).value();
  }
  Result<Holder> hold(json::object params) const {
    params["path"] = path_;
    return Holder::start(kind(), params, kind().capture(params).value(), seconds(5));
  }
  bool can_lock_range(off_t start, off_t length, int type = F_WRLCK) const {
    struct flock range {};
    range.l_type = static_cast<short>(type);
    range.l_start = start;
    range.l_len = length;
    EXPECT_EQ(::fcntl(fd_.get(), F_OFD_GETLK, &range), 0);
    return range.l_type == F_UNLCK;
  }
  bool can_flock(int mode) const {
    if (::flock(fd_.get(), mode | LOCK_NB) != 0) return false;
    ::flock(fd_.get(), LOCK_UN);
    return true;
  }

  Folder folder_;
  std::string path_ = folder_.path() + "/file";
  sys::Fd fd_;
};

TEST_F(FileLockTest, TakesAFlockAndLeavesTheOtherKindFree) {
  Holder holder = hold({}).value();
  EXPECT_FALSE(can_flock(LOCK_SH));
  EXPECT_TRUE(can_lock_range(0, 0));
  holder.release(seconds(2));
  EXPECT_TRUE(can_flock(LOCK_EX));
}

TEST_F(FileLockTest, SharesWhenAskedTo) {
  Holder holder = hold({{"mode", "shared"}}).value();
  EXPECT_TRUE(can_flock(LOCK_SH));
  EXPECT_FALSE(can_flock(LOCK_EX));
  holder.release(seconds(2));
}

TEST_F(FileLockTest, LocksOnlyTheRange) {
  Holder holder = hold({{"how", "posix"}, {"start", "10 B"}, {"length", "20 B"}}).value();
  EXPECT_TRUE(can_lock_range(0, 10));
  EXPECT_FALSE(can_lock_range(29, 1));
  EXPECT_TRUE(can_lock_range(30, 0));
  EXPECT_TRUE(can_flock(LOCK_EX));
  holder.release(seconds(2));
  EXPECT_TRUE(can_lock_range(0, 0));
}

TEST_F(FileLockTest, NeverBreaksALockAndSaysWhoHoldsIt) {
  ASSERT_EQ(::flock(fd_.get(), LOCK_EX), 0);
  const Result<Holder> refused = hold({{"wait", "20 ms"}});
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_THAT(refused.error().message, testing::HasSubstr("process " + std::to_string(::getpid())));
}

TEST_F(FileLockTest, IsNotHeldOnAnotherFileOfThatName) {
  const json::object params{{"path", path_}};
  const json::object before = kind().capture(params).value();
  ASSERT_TRUE(sys::write_file_durably(path_, "new").ok());
  EXPECT_EQ(Holder::start(kind(), params, before, seconds(5)).error().code, Code::conflict);
}

TEST_F(FileLockTest, RefusesAFileWithOtherNames) {
  ASSERT_EQ(::link(path_.c_str(), (path_ + "-too").c_str()), 0);
  EXPECT_EQ(kind().footprint({{"path", path_}}).error().code, Code::refused);
}

}  // namespace
}  // namespace squall::change
