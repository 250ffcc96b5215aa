#include <cstdio>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "core/digest.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/file_identity.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "file.content");
}

class FileContentTest : public testing::Test {
 protected:
  void SetUp() override { write(path_, "original\n"); }

  static void write(const std::string& path, std::string_view text) {
    ASSERT_TRUE(sys::write_file_durably(path, text, 0640).ok());
  }
  static std::string read(const std::string& path) {
    return sys::read_file(path).ok() ? sys::read_file(path).value() : "(missing)";
  }
  void capture() {
    before_ = kind().capture(params_).value();
    kept_ = text_at(before_, "kept");
    original_ = sys::file_identity(path_).value();
  }
  void apply() {
    capture();
    const Result<json::object> applied = kind().apply(params_, before_);
    ASSERT_TRUE(applied.ok()) << applied.error().render();
    ASSERT_EQ(read(path_), "new\n");
  }
  Ending revert() {
    const Result<Reverted> reverted = kind().revert(params_, before_);
    EXPECT_TRUE(reverted.ok()) << reverted.error().render();
    detail_ = reverted->detail;
    return reverted->ending;
  }
  bool exchange() const {
    return ::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, kept_.c_str(), RENAME_EXCHANGE) == 0;
  }
  void expect_as_before() const {
    EXPECT_EQ(sys::file_identity(path_).value(), original_);
    EXPECT_EQ(sys::list_folder(folder_.path()).value(), std::vector<std::string>{"config"});
  }

  Folder folder_;
  std::string path_ = folder_.path() + "/config";
  json::object params_{{"path", path_}, {"content", to_base64("new\n")}};
  json::object before_;
  std::string kept_;
  std::string original_;
  std::string detail_;
};

TEST_F(FileContentTest, IsRefusedWhenTheFileHoldsAnotherContentThanExpected) {
  params_["expects"] = sha256_hex("original\n");
  EXPECT_TRUE(kind().capture(params_).ok());
  params_["expects"] = sha256_hex("something older\n");
  const Result<json::object> captured = kind().capture(params_);
  ASSERT_FALSE(captured.ok());
  EXPECT_EQ(captured.error().code, Code::conflict);
}

TEST_F(FileContentTest, KeepsTheOriginalItselfBesideTheFile) {
  apply();
  EXPECT_EQ(sys::file_identity(kept_).value(), original_);
  EXPECT_TRUE(sys::name_of(kept_).starts_with(".config.squall-"));
  EXPECT_EQ(revert(), Ending::restored);
  expect_as_before();
}

TEST_F(FileContentTest, ReplacesWhatALinkLeadsToAndNotTheLink) {
  const std::string link = folder_.path() + "/link";
  std::filesystem::create_symlink(path_, link);
  params_["path"] = link;
  apply();
  EXPECT_TRUE(std::filesystem::is_symlink(link));
  EXPECT_EQ(read(path_), "new\n");
  EXPECT_EQ(revert(), Ending::restored);
  EXPECT_EQ(read(path_), "original\n");
}

TEST_F(FileContentTest, KeepsWhatTheOriginalsHolderWroteMeanwhile) {
  const sys::Fd holder = sys::open_file(path_, O_WRONLY | O_APPEND).value();
  apply();
  ASSERT_TRUE(sys::write_all(holder, "more\n").ok());
  EXPECT_EQ(revert(), Ending::restored);
  EXPECT_EQ(read(path_), "original\nmore\n");
}

TEST_F(FileContentTest, LeavesAFileWhoseModeSomebodyChanged) {
  apply();
  ASSERT_EQ(::chmod(path_.c_str(), 0600), 0);
  EXPECT_EQ(revert(), Ending::foreign);
  EXPECT_NE(detail_.find(kept_), std::string::npos) << "the report tells where the original is";
  EXPECT_EQ(read(kept_), "original\n");
}

TEST_F(FileContentTest, KeepsTheOriginalWhenSomebodyRemovedTheFile) {
  apply();
  ASSERT_TRUE(sys::remove_file(path_).ok());
  EXPECT_EQ(revert(), Ending::foreign);
  EXPECT_EQ(read(kept_), "original\n");
  EXPECT_FALSE(sys::exists(path_));
}

TEST_F(FileContentTest, SaysSoWhenSomebodyRemovedTheKeptOriginal) {
  apply();
  ASSERT_TRUE(sys::remove_file(kept_).ok());
  EXPECT_EQ(revert(), Ending::foreign);
  EXPECT_EQ(read(path_), "new\n");
}

TEST_F(FileContentTest, RefusesWhereAnEarlierOriginalIsKept) {
  apply();
  write(path_, "an editor's\n");
  ASSERT_EQ(revert(), Ending::foreign);
  const Result<json::object> again = kind().capture(params_);
  ASSERT_FALSE(again.ok());
  EXPECT_EQ(again.error().code, Code::conflict);
  EXPECT_EQ(read(kept_), "original\n");
}

TEST_F(FileContentTest, IsRightWhenItDiedBeforeTheStandInWasWhole) {
  capture();
  write(kept_ + ".part", "ne");
  EXPECT_EQ(revert(), Ending::was_absent);
  expect_as_before();
}

TEST_F(FileContentTest, IsRightWhenItDiedBeforeTheExchange) {
  capture();
  write(kept_, "new\n");
  EXPECT_EQ(revert(), Ending::was_absent);
  expect_as_before();
}

TEST_F(FileContentTest, IsRightWhenItDiedBeforeTheStandInWasRemoved) {
  apply();
  ASSERT_TRUE(exchange());
  EXPECT_EQ(kind().verify(params_, before_).value(), Presence::absent);
  EXPECT_EQ(revert(), Ending::was_absent);
  expect_as_before();
}

TEST_F(FileContentTest, KeepsAnEditThatCameBetweenTheLookAndTheExchangeBack) {
  apply();
  ASSERT_TRUE(exchange());
  write(kept_, "edited\n");
  EXPECT_EQ(revert(), Ending::foreign);
  EXPECT_EQ(read(path_), "original\n");
  EXPECT_EQ(read(kept_), "edited\n");
}

TEST_F(FileContentTest, TouchesNothingWhenTheFileWasReplacedBeforeTheExchange) {
  capture();
  write(path_, "an editor's\n");
  const Result<json::object> applied = kind().apply(params_, before_);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::conflict);
  EXPECT_EQ(revert(), Ending::foreign);
  EXPECT_EQ(read(path_), "an editor's\n");
  EXPECT_EQ(sys::list_folder(folder_.path())->size(), 1U);
}

// Died between the exchange of a file that had just replaced the original, and its return.
TEST_F(FileContentTest, GivesBackAFileThatWasExchangedByMistake) {
  capture();
  write(path_, "an editor's\n");
  write(kept_, "new\n");
  ASSERT_TRUE(exchange());
  revert();
  EXPECT_EQ(read(path_), "an editor's\n");
  EXPECT_EQ(sys::list_folder(folder_.path())->size(), 1U);
}

TEST_F(FileContentTest, MayEmptyAFile) {
  params_["content"] = "";
  capture();
  ASSERT_TRUE(kind().apply(params_, before_).ok());
  EXPECT_EQ(read(path_), "");
  EXPECT_EQ(revert(), Ending::restored);
  expect_as_before();
}

TEST_F(FileContentTest, RefusesWhatMakesNoSense) {
  const auto refuses = [&](std::string_view key, const json::value& value) {
    json::object bad = params_;
    bad[key] = value;
    return !kind().capture(bad).ok();
  };
  EXPECT_TRUE(refuses("content", "not base64!"));
  EXPECT_TRUE(refuses("content", json::string(to_base64("original\n"))));
  EXPECT_TRUE(refuses("source", "/etc/hostname")) << "content and source";
  EXPECT_TRUE(refuses("path", json::string(folder_.path())));
  EXPECT_TRUE(refuses("path", json::string(folder_.path() + "/missing")));
  params_.erase("content");
  EXPECT_TRUE(refuses("source", "/dev/zero"));
  EXPECT_TRUE(refuses("source", "/nowhere"));
}

TEST_F(FileContentTest, ServesANameOfTheGreatestLength) {
  path_ = folder_.path() + "/" + std::string(255, 'n');
  write(folder_.path() + "/short", "original\n");
  ASSERT_EQ(::rename((folder_.path() + "/short").c_str(), path_.c_str()), 0);
  params_["path"] = path_;
  apply();
  EXPECT_EQ(revert(), Ending::restored);
}

}  // namespace
}  // namespace squall::change
