#include <cstdlib>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <sys/stat.h>

#include "sys/file.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

class FileChanged : public testing::Test {
 protected:
  FileChanged() {
    std::string folder = testing::TempDir() + "squall-witness-XXXXXX";
    EXPECT_NE(::mkdtemp(folder.data()), nullptr);
    folder_ = folder;
    path_ = folder + "/file";
  }
  ~FileChanged() override {
    ::unlink(path_.c_str());
    ::unlink((path_ + ".new").c_str());
    ::rmdir(folder_.c_str());
  }

  void make(const std::string& content) const {
    ASSERT_TRUE(sys::write_file_durably(path_, content).ok());
  }
  // In place, with the time of modification kept.
  void write_at(std::uint64_t offset, std::string_view bytes) const {
    struct stat before {};
    ASSERT_EQ(::stat(path_.c_str(), &before), 0);
    const sys::Fd fd = sys::open_file(path_, O_WRONLY).value();
    ASSERT_TRUE(sys::write_at(fd, offset, bytes).ok());
    const timespec times[2] = {before.st_atim, before.st_mtim};
    ASSERT_EQ(::futimens(fd.get(), times), 0);
  }
  std::unique_ptr<Witness> open() const {
    return scenes::open("file.changed", {{"path", path_}}).value();
  }

  std::string folder_;
  std::string path_;
};

TEST_F(FileChanged, SeesOneBitChangeInPlaceAndBackWithTheOldTime) {
  make("all is well");
  const auto witness = open();
  EXPECT_TRUE(scenes::stays_off(*witness));
  write_at(4, "h");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 1.0);
  EXPECT_EQ(on->detail, "1 of 11 bytes differ");
  write_at(4, "i");
  const auto off = scenes::see(*witness, false);
  ASSERT_TRUE(off.has_value());
  EXPECT_EQ(off->detail, "as it was");
}

TEST_F(FileChanged, SeesAnotherFileInItsPlace) {
  make("all is well");
  const auto witness = open();
  make("all is bad!");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 4.0);
}

TEST_F(FileChanged, SeesNothingWhenTheSameContentTakesItsPlace) {
  make("all is well");
  const auto witness = open();
  make("all is well");
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(FileChanged, SeesGrowthEmptinessAndAbsence) {
  make("all is well");
  const auto witness = open();
  make("all is well indeed");
  EXPECT_TRUE(scenes::comes_to_say(*witness, "7 of 18 bytes differ"));
  make("");
  EXPECT_TRUE(scenes::comes_to_say(*witness, "11 of 11 bytes differ"));
  ASSERT_EQ(::unlink(path_.c_str()), 0);
  EXPECT_TRUE(scenes::comes_to_say(*witness, "the file is gone"));
  make("all is well");
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(FileChanged, SeesAnEmptyFileBeingFilled) {
  make("");
  const auto witness = open();
  EXPECT_TRUE(scenes::stays_off(*witness));
  make("x");
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST_F(FileChanged, SeesOneByteOfALargeFile) {
  make(std::string((6 << 20) + 123, 'a'));
  const auto witness = open();
  EXPECT_FALSE(witness->look().value().on);
  write_at((6 << 20) + 100, "b");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 65536.0);
  EXPECT_THAT(on->detail, HasSubstr("at most 65536"));
  write_at((6 << 20) + 100, "a");
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(FileChanged, RestsBetweenReadingsAndSaysHowOldItsAnswerIs) {
  make(std::string(8 << 20, 'a'));
  const auto witness = open();
  const Sighting fresh = witness->look().value();
  EXPECT_EQ(fresh.newest, Duration{});
  const Sighting repeated = witness->look().value();
  EXPECT_GT(repeated.newest, Duration{}) << "reading 8 MiB again at once would not be rest";
  EXPECT_GT(repeated.oldest, repeated.newest);
}

TEST_F(FileChanged, RefusesWhatIsNoFile) {
  const auto missing = scenes::open("file.changed", {{"path", path_}});
  ASSERT_FALSE(missing.ok());
  EXPECT_EQ(missing.error().code, Code::not_found);
  const auto folder = scenes::open("file.changed", {{"path", folder_}});
  ASSERT_FALSE(folder.ok());
  EXPECT_EQ(folder.error().code, Code::invalid);
}

}  // namespace
}  // namespace squall::witness
