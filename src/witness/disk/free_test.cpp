#include <unistd.h>

#include "sys/file.h"
#include "sys/scratch_mount_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class DiskFree : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root to mount a filesystem";
  }
  std::unique_ptr<Witness> open(std::string_view taken) {
    return scenes::open("disk.free", {{"path", mount_.path()}, {"taken", taken}}).value();
  }
  // With our own hands: a file of zeros.
  void write_file(const std::string& name, std::size_t size) {
    const sys::Fd fd = sys::open_file(mount_.path() + "/" + name, O_CREAT | O_WRONLY).value();
    ASSERT_TRUE(sys::write_all(fd, std::string(size, '\0')).ok());
  }
  void remove_file(const std::string& name) { ::unlink((mount_.path() + "/" + name).c_str()); }

  sys::ScratchMount mount_;
};

TEST_F(DiskFree, SeesSpaceBeingTakenAndGivenBack) {
  const auto witness = open("4 MiB");
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  write_file("filler", 4 << 20);
  const std::optional<Sighting> on = scenes::see(*witness, true);
  ASSERT_TRUE(on);
  EXPECT_EQ(on->dose, 4 << 20);
  EXPECT_EQ(on->detail, "12 MiB left, 4 MiB less than before");
  remove_file("filler");
  EXPECT_TRUE(scenes::see(*witness, false));
}

TEST_F(DiskFree, IsNotTakenInByLess) {
  const auto witness = open("4 MiB");
  write_file("small", 3 << 20);
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

TEST_F(DiskFree, TellsTheEndAlthoughOthersWroteMeanwhile) {
  const auto witness = open("4 MiB");
  write_file("filler", 4 << 20);
  ASSERT_TRUE(scenes::see(*witness, true));
  write_file("others", 1 << 20);
  remove_file("filler");
  EXPECT_TRUE(scenes::see(*witness, false));
}

TEST_F(DiskFree, DoesNotTakeOnARestlessFilesystem) {
  const scenes::Child writer([this] {
    const pid_t pid = ::fork();
    if (pid != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::alarm(10);
    while (true) {
      write_file("restless", 1 << 20);
      remove_file("restless");
    }
  });
  const auto witness = scenes::open("disk.free", {{"path", mount_.path()}, {"taken", "64 KiB"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict) << witness.error().render();
}

TEST_F(DiskFree, SaysThatThePathIsNotThere) {
  const auto witness = scenes::open("disk.free", {{"path", "/no/such"}, {"taken", "1 MiB"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
