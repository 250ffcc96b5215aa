#include <atomic>
#include <thread>

#include "sys/file.h"
#include "sys/scratch_mount_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class DiskThroughput : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root and loop devices";
  }
  std::unique_ptr<Witness> open() {
    return scenes::open("disk.throughput", {{"path", mount_.path()}, {"bytes_per_second", "1 MiB"}})
        .value();
  }
  sys::ScratchMount mount_{{.size = Bytes{32 << 20}, .program = "mkfs.ext4"}};
};

// With our own hands: synchronous writes of 64 KiB, 20 of them a second.
TEST_F(DiskThroughput, SeesWritesThatReachTheDiskAndTheirEnd) {
  const auto witness = open();
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  {
    const std::jthread writer([this](const std::stop_token& stop) {
      const sys::Fd file =
          sys::open_file(mount_.path() + "/busy", O_CREAT | O_WRONLY | O_DSYNC).value();
      const std::string piece(64 << 10, 'x');
      for (std::uint64_t i = 0; !stop.stop_requested(); ++i) {
        static_cast<void>(sys::write_at(file, i % 16 * piece.size(), piece).ok());
        sys::sleep_until(sys::monotonic_now() + milliseconds(25));
      }
    });
    const std::optional<Sighting> on = scenes::see(*witness, true);
    ASSERT_TRUE(on);
    EXPECT_GT(on->dose, 0.8 * (1 << 20));
    EXPECT_GE(on->oldest, milliseconds(200)) << "the window is part of the answer";
  }
  EXPECT_TRUE(scenes::see(*witness, false));
}

TEST_F(DiskThroughput, DoesNotSeeWhatStaysInTheCache) {
  const sys::Fd file = sys::open_file(mount_.path() + "/idle", O_CREAT | O_RDWR).value();
  ASSERT_TRUE(sys::write_all(file, std::string(1 << 20, 'x')).ok());
  ASSERT_EQ(::fsync(file.get()), 0);
  const auto witness = open();
  for (int i = 0; i < 50; ++i) {
    ASSERT_TRUE(sys::read_at(file, 0, 1 << 20).ok());
    EXPECT_FALSE(witness->look()->on);
  }
}

TEST_F(DiskThroughput, IsUnsupportedWhereThereIsNoDisk) {
  const auto witness =
      scenes::open("disk.throughput", {{"path", "/proc"}, {"bytes_per_second", "1 MiB"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::unsupported);
}

}  // namespace
}  // namespace squall::witness
