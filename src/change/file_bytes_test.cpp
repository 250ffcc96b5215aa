#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "core/text.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "file.bytes");
}

class FileBytesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(sys::write_file_durably(path_, "original\n", 0640).ok());
    set_time(1'000'000'000, 123'456'789);
    before_ = kind().capture(params_).value();
  }
  void set_time(std::int64_t seconds, std::int64_t nanoseconds) const {
    const timespec times[] = {{0, UTIME_OMIT}, {seconds, nanoseconds}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  }
  std::pair<std::int64_t, std::int64_t> modified() const {
    struct stat status {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  void apply() { ASSERT_TRUE(kind().apply(params_, before_).ok()); }
  void revert() {
    EXPECT_EQ(kind().revert(params_, before_).value().ending, Ending::restored);
    EXPECT_EQ(sys::read_file(path_).value(), "original\n");
  }

  Folder folder_;
  std::string path_ = folder_.path() + "/data";
  json::object params_{{"path", path_},
                       {"patches", json::array{{{"offset", 0}, {"bytes", to_base64("ORI")}}}}};
  json::object before_;
};

TEST_F(FileBytesTest, LeavesTheModificationTimeAsBitRotDoes) {
  const auto before = modified();
  apply();
  EXPECT_EQ(sys::read_file(path_).value(), "ORIginal\n");
  EXPECT_EQ(modified(), before);
  revert();
  EXPECT_EQ(modified(), before);
}

TEST_F(FileBytesTest, DoesNotHideThatSomebodyElseWroteElsewhereInTheFile) {
  const auto before = modified();
  apply();
  set_time(1'500'000'000, 0);
  revert();
  EXPECT_GT(modified(), before);
}

}  // namespace
}  // namespace squall::change
