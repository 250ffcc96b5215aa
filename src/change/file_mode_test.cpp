#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "file.mode");
}

class FileModeTest : public testing::Test {
 protected:
  FileModeTest() { EXPECT_TRUE(sys::write_file_durably(path_, "x", 0640).ok()); }
  unsigned mode() const {
    struct stat status {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return status.st_mode & 07777U;
  }
  void apply(json::object params) {
    params_ = std::move(params);
    params_["path"] = path_;
    before_ = kind().capture(params_).value();
    ASSERT_TRUE(kind().apply(params_, before_).ok());
  }
  Reverted revert() { return kind().revert(params_, before_).value(); }

  Folder folder_;
  std::string path_ = folder_.path() + "/file";
  json::object params_;
  json::object before_;
};

TEST_F(FileModeTest, RestoresWhatWasCutOffBetweenOwnerAndMode) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  ASSERT_EQ(::chmod(path_.c_str(), 06751), 0);
  params_ = {{"path", path_}, {"mode", "0400"}, {"owner", 7}};
  before_ = kind().capture(params_).value();
  ASSERT_EQ(::chown(path_.c_str(), 7, static_cast<gid_t>(-1)), 0);  // apply, and it dies here
  ASSERT_NE(mode(), 06751U) << "the kernel took the set-id bits away";
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(mode(), 06751U);
}

TEST_F(FileModeTest, LeavesRightsThatSomebodyElseSet) {
  apply({{"mode", "0000"}});
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  const Reverted reverted = revert();
  EXPECT_EQ(reverted.ending, Ending::foreign);
  EXPECT_NE(reverted.detail.find("they were 0640"), std::string::npos) << reverted.detail;
  EXPECT_EQ(mode(), 0600U);
}

TEST_F(FileModeTest, LeavesAnotherFileOfThatName) {
  apply({{"mode", "0000"}});
  ASSERT_TRUE(sys::write_file_durably(path_, "new", 0).ok());
  EXPECT_EQ(revert().ending, Ending::foreign);
  EXPECT_EQ(mode(), 0U);
  ::unlink(path_.c_str());
  EXPECT_EQ(revert().ending, Ending::gone);
}

TEST_F(FileModeTest, RefusesWhatIsSoAlreadyAndWhatIsNoMode) {
  const auto code = [&](std::string_view mode) {
    const Result<json::object> captured =
        kind().capture({{"path", path_}, {"mode", json::string(mode)}});
    return captured.ok() ? Code::failed : captured.error().code;
  };
  EXPECT_EQ(code("0640"), Code::invalid);
  EXPECT_EQ(code("640"), Code::invalid);
  EXPECT_EQ(code("8"), Code::invalid);
  EXPECT_EQ(code("rw"), Code::invalid);
  EXPECT_EQ(code("00000"), Code::invalid);
  EXPECT_FALSE(kind().footprint({{"path", "/dev/null"}}).ok());
}

// By O_PATH: no right on the file itself is needed.
TEST_F(FileModeTest, GivesRightsBackToAFileThatNobodyMayOpen) {
  apply({{"mode", "0000"}});
  EXPECT_EQ(mode(), 0U);
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(mode(), 0640U);
}

}  // namespace
}  // namespace squall::change
