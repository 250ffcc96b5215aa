#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class FileLines : public testing::Test {
 protected:
  FileLines() {
    std::string folder = testing::TempDir() + "squall-witness-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/log";
    append("an old line with TAG\n");
  }
  ~FileLines() override { std::filesystem::remove_all(folder_); }
  void append(std::string_view text) const {
    const sys::Fd fd = sys::open_file(path_, O_WRONLY | O_APPEND | O_CREAT).value();
    ASSERT_TRUE(sys::write_all(fd, text).ok());
  }
  std::unique_ptr<Witness> open(json::object params = {}) const {
    params["path"] = path_;
    params["text"] = "TAG";
    return scenes::open("file.lines", params).value();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FileLines, SeesThemComeAndBeCutOffAmongOthers) {
  const auto witness = open();
  EXPECT_TRUE(scenes::stays_off(*witness)) << "what stood there before does not count";
  append("another line\n");
  EXPECT_TRUE(scenes::stays_off(*witness));
  const auto length = std::filesystem::file_size(path_);
  append("a TAG\na TAG\n");
  EXPECT_TRUE(scenes::comes_to_say(*witness, "2 such lines"));
  std::filesystem::resize_file(path_, length);
  const auto off = scenes::see(*witness, false);
  ASSERT_TRUE(off.has_value());
  EXPECT_EQ(off->dose, 0.0);
}

TEST_F(FileLines, FollowsTheNameToANewFile) {
  const auto witness = open();
  ASSERT_EQ(::rename(path_.c_str(), (path_ + ".1").c_str()), 0);
  EXPECT_FALSE(scenes::see(*witness, false)->on);
  append("TAG\n");
  EXPECT_TRUE(scenes::comes_to_say(*witness, "1 such lines"));
}

TEST_F(FileLines, CountsAcrossTheBordersOfItsPieces) {
  const auto witness = open();
  std::string text;
  while (text.size() < (3 << 20)) text += "0123456789TAG\n";
  append(text);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, static_cast<double>(text.size() / 14));
}

TEST_F(FileLines, IsOverWhenNoMoreComeWhereTheyStay) {
  const auto witness = open({{"until", "quiet"}, {"quiet", "100 ms"}});
  append("TAG\n");
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
  const auto off = scenes::see(*witness, false);
  ASSERT_TRUE(off.has_value());
  EXPECT_EQ(off->detail, "1 such lines, no more of them come");
  append("TAG\n");
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST_F(FileLines, RefusesWhatItCannotSee) {
  EXPECT_FALSE(scenes::open("file.lines", {{"path", path_}, {"text", ""}}).ok());
  EXPECT_EQ(scenes::open("file.lines", {{"path", path_ + "x"}, {"text", "T"}}).error().code,
            Code::not_found);
}

}  // namespace
}  // namespace squall::witness
