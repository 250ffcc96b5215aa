#include <unistd.h>

#include "sys/file.h"
#include "sys/scratch_mount_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class DiskFreeInodes : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root to mount a filesystem";
  }
  std::unique_ptr<Witness> open(std::int64_t taken) {
    return scenes::open("disk.free_inodes", {{"path", mount_.path()}, {"taken", taken}}).value();
  }
  std::string name_of(int number) const { return mount_.path() + "/file" + std::to_string(number); }
  // With our own hands: empty files.
  void make_files(int count) const {
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(sys::open_file(name_of(i), O_CREAT | O_WRONLY).ok());
    }
  }
  void remove_files(int count) const {
    for (int i = 0; i < count; ++i) ::unlink(name_of(i).c_str());
  }
  sys::ScratchMount mount_;
};

TEST_F(DiskFreeInodes, SeesInodesBeingTakenAndGivenBack) {
  const auto witness = open(200);
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  make_files(200);
  const std::optional<Sighting> on = scenes::see(*witness, true);
  ASSERT_TRUE(on);
  EXPECT_EQ(on->dose, 200);
  EXPECT_NE(on->detail.find("200 inodes less than before"), std::string::npos) << on->detail;
  remove_files(200);
  EXPECT_TRUE(scenes::see(*witness, false));
}

TEST_F(DiskFreeInodes, IsNotTakenInByFewerNorBySpace) {
  const auto witness = open(200);
  make_files(150);
  const sys::Fd large = sys::open_file(mount_.path() + "/large", O_CREAT | O_WRONLY).value();
  ASSERT_TRUE(sys::write_all(large, std::string(8 << 20, 'x')).ok());
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

TEST_F(DiskFreeInodes, SaysThatThePathIsNotThere) {
  const auto witness = scenes::open("disk.free_inodes", {{"path", "/no/such"}, {"taken", 1}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
