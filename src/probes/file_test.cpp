#include "sys/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "probes/measure_test.h"
#include "sys/clock.h"

namespace squall::probe {
namespace {

using ::testing::HasSubstr;

class FileProbe : public testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(sys::make_folders(folder_).ok()); }
  void TearDown() override {
    ::unlink(path_.c_str());
    ::rmdir(folder_.c_str());
  }
  void write(std::string_view content, unsigned mode = 0644) const {
    ASSERT_TRUE(sys::write_file_durably(path_, content, mode).ok());
  }
  Sample look(json::object params = {}, Duration timeout = seconds(20)) const {
    params["path"] = path_;
    return measure("file", params, timeout);
  }

  std::string folder_ = fmt::format("/tmp/squall-file-test-{}", ::getpid());
  std::string path_ = folder_ + "/probed";
};

TEST_F(FileProbe, MeasuresAFile) {
  write("abc", 0640);
  const Sample sample = look();
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reached"), true);
  EXPECT_EQ(sample.values.at("exists"), true);
  EXPECT_EQ(sample.values.at("size"), "3 B");
  EXPECT_EQ(sample.values.at("mode"), "0640");
  EXPECT_EQ(sample.values.at("content"), "abc");
  EXPECT_EQ(sample.values.at("sha256"),  // FIPS 180-2, appendix B.1
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_LT(duration_in(sample, "age"), minutes(1));
  EXPECT_EQ(why_broken(sample, "file", R"({"mode": "0640", "size": "< 1 KiB"})"), "");
}

TEST_F(FileProbe, TellsTheAgeSinceTheLastWrite) {
  write("old");
  const std::int64_t now = sys::wall_nanoseconds() / 1'000'000'000;
  const timespec hour_ago{now - 3600, 0};
  const timespec times[2] = {hour_ago, hour_ago};
  ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  EXPECT_EQ(why_broken(look(), "file", R"({"age": "59 min..62 min"})"), "");
  const timespec hour_ahead{now + 3600, 0};
  const timespec future[2] = {hour_ahead, hour_ahead};
  ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), future, 0), 0);
  EXPECT_EQ(look().values.at("age"), "0 s");
}

TEST_F(FileProbe, CanDemandThatAFileIsMissing) {
  const Sample sample = look();
  EXPECT_EQ(sample.problem, path_ + " does not exist");
  EXPECT_EQ(sample.values.at("exists"), false);
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_EQ(why_broken(sample, "file", R"({"exists": false})"), "");
  EXPECT_EQ(why_broken(sample, "file", R"({"exists": true})"), "exists is no, not yes");
  EXPECT_EQ(why_broken(sample, "file", R"({"content": "x"})"), sample.problem);
}

TEST_F(FileProbe, HashesAllOfALargeFileAndShowsItsBeginning) {
  write(std::string(700'000, 'x'));
  const Sample sample = look();
  EXPECT_EQ(sample.values.at("content").as_string().size(), 65536U);
  EXPECT_EQ(text_in(sample, "sha256"), sys::file_sha256(path_).value());
}

TEST_F(FileProbe, LeavesTheHashOutWhenAskedTo) {
  write("abc");
  const Sample sample = look({{"hash", false}});
  EXPECT_EQ(sample.problem, "");
  EXPECT_FALSE(sample.values.contains("sha256"));
  EXPECT_EQ(sample.values.at("content"), "abc");
}

TEST_F(FileProbe, RepairsContentThatIsNoText) {
  write(std::string("a\0\xFF", 3));
  EXPECT_EQ(text_in(look(), "content"), std::string("a\0\xEF\xBF\xBD", 5));
}

TEST_F(FileProbe, EndsAtItsLimit) {
  write(std::string(2'000'000, 'x'));
  const Sample sample = look({}, Duration{0});
  EXPECT_THAT(sample.problem, HasSubstr("took longer than 0 s"));
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_EQ(sample.values.at("exists"), true);
}

TEST_F(FileProbe, ClaimsNothingAboutTheContentWhenAStopIsAskedFor) {
  write(std::string(2'000'000, 'x'));
  std::stop_source source;
  source.request_stop();
  const Sample sample =
      open_probe("file", {{"path", path_}})->take(seconds(20), source.get_token());
  EXPECT_THAT(sample.problem, HasSubstr("stopped while reading"));
  EXPECT_FALSE(sample.values.contains("reached"));
}

// Reading a pipe would wait for a writer for ever.
TEST_F(FileProbe, NeverReadsAPipe) {
  ASSERT_EQ(::mkfifo(path_.c_str(), 0600), 0);
  const Sample sample = look();
  EXPECT_NE(sample.problem, "");
  EXPECT_EQ(sample.values.at("exists"), true);
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_EQ(why_broken(sample, "file", R"({"exists": true})"), "");
}

TEST_F(FileProbe, LooksAtAFolderWithoutReadingIt) {
  const Sample sample = measure("file", {{"path", folder_}});
  EXPECT_NE(sample.problem, "");
  EXPECT_EQ(sample.values.at("exists"), true);
  EXPECT_EQ(sample.values.at("mode"), "0700");
  EXPECT_FALSE(sample.values.contains("size"));
}

TEST_F(FileProbe, RefusesARelativePath) {
  EXPECT_THAT(mistake_in("file", {{"path", "etc/hosts"}}), HasSubstr("does not start with /"));
  EXPECT_THAT(mistake_in("file", {}), HasSubstr("\"path\" is missing"));
}

}  // namespace
}  // namespace squall::probe
