#include <filesystem>

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "sys/file.h"
#include "sys/file_identity.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "file.absence");
}

class FileAbsenceTest : public testing::Test {
 protected:
  FileAbsenceTest() {
    write("original\n");
    original_ = sys::file_identity(path_).value();
  }
  void write(std::string_view text) const {
    ASSERT_TRUE(sys::write_file_durably(path_, text).ok());
  }
  void apply() {
    before_ = kind().capture(params_).value();
    const Result<json::object> applied = kind().apply(params_, before_);
    ASSERT_TRUE(applied.ok()) << applied.error().render();
    kept_ = folder_.path() + "/" + text_at(before_, "kept");
    ASSERT_FALSE(sys::exists(path_));
    ASSERT_EQ(sys::file_identity(kept_).value(), original_);
  }
  Reverted revert() {
    const Result<Reverted> reverted = kind().revert(params_, before_);
    EXPECT_TRUE(reverted.ok()) << reverted.error().render();
    return *reverted;
  }

  Folder folder_;
  std::string path_ = folder_.path() + "/file";
  json::object params_{{"path", path_}};
  json::object before_;
  std::string original_;
  std::string kept_;
};

TEST_F(FileAbsenceTest, KeepsBothWhenSomebodyMadeANewFile) {
  apply();
  write("new\n");
  const Reverted reverted = revert();
  EXPECT_EQ(reverted.ending, Ending::foreign);
  EXPECT_NE(reverted.detail.find(kept_), std::string::npos);
  EXPECT_EQ(sys::read_file(path_).value(), "new\n");
  EXPECT_EQ(sys::read_file(kept_).value(), "original\n");
  // Once the new file is away, a further try succeeds.
  ::unlink(path_.c_str());
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(sys::file_identity(path_).value(), original_);
}

TEST_F(FileAbsenceTest, GivesAReplacementItsNameBackThatCameInBetween) {
  before_ = kind().capture(params_).value();
  kept_ = folder_.path() + "/" + text_at(before_, "kept");
  write("replaced\n");
  const Result<json::object> applied = kind().apply(params_, before_);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::conflict);
  EXPECT_EQ(sys::read_file(path_).value(), "replaced\n");
  // The same, cut off between the two renames.
  ASSERT_EQ(::rename(path_.c_str(), kept_.c_str()), 0);
  EXPECT_EQ(revert().ending, Ending::restored);
  EXPECT_EQ(sys::read_file(path_).value(), "replaced\n");
}

TEST_F(FileAbsenceTest, ReportsAFolderThatWasRemovedOrReplaced) {
  apply();
  const std::string folder = folder_.path() + "/inner";
  params_ = {{"path", folder + "/file"}};
  ASSERT_EQ(::mkdir(folder.c_str(), 0700), 0);
  path_ = folder + "/file";
  write("inner\n");
  before_ = kind().capture(params_).value();
  ASSERT_TRUE(kind().apply(params_, before_).ok());
  ASSERT_EQ(::rename(folder.c_str(), (folder + "-moved").c_str()), 0);
  EXPECT_EQ(revert().ending, Ending::gone);
  ASSERT_EQ(::symlink("inner-moved", folder.c_str()), 0);
  EXPECT_EQ(revert().ending, Ending::foreign) << "a link may lead anywhere";
}

TEST_F(FileAbsenceTest, ReportsAnOriginalThatSomebodyRemoved) {
  apply();
  ::unlink(kept_.c_str());
  EXPECT_EQ(revert().ending, Ending::gone);
}

TEST_F(FileAbsenceTest, RefusesFoldersAndWhatIsNotThere) {
  const Result<Footprint> folder = kind().footprint({{"path", folder_.path()}});
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, Code::invalid);
  const Result<Footprint> missing = kind().footprint({{"path", path_ + "-missing"}});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
}

TEST_F(FileAbsenceTest, NamesThePlaceAndNotWhereALinkLeads) {
  const std::string link = folder_.path() + "/link";
  ASSERT_EQ(::symlink("/etc/hostname", link.c_str()), 0);
  const Footprint footprint = kind().footprint({{"path", link}}).value();
  EXPECT_EQ(footprint.paths.at(0), link);
}

TEST_F(FileAbsenceTest, RefusesWhenAnOriginalIsKeptThereAlready) {
  apply();
  write("new\n");
  const Result<json::object> again = kind().capture(params_);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::change
