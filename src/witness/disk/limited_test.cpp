#include <cstring>
#include <thread>

#include <fmt/core.h>
#include <sys/stat.h>

#include "sys/cgroup.h"
#include "sys/file.h"
#include "sys/filesystem.h"
#include "sys/host.h"
#include "sys/scratch_mount_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

// A group of ours in the hierarchy that limits disks; a limit is set with our own hands.
class DiskLimited : public testing::Test {
 protected:
  void SetUp() override {
    const sys::HostFacts host = sys::look_at_host();
    const sys::Controller* controller = host.controller("blkio");
    is_v1_ = controller != nullptr && !controller->is_v2;
    if (!is_v1_) controller = host.controller("io");
    if (controller == nullptr || !mount_.is_mounted()) {
      GTEST_SKIP() << "needs root, loop devices and the blkio or io controller";
    }
    group_ = fmt::format("{}/squall-witness-test-{}", controller->mount, ::getpid());
    ASSERT_EQ(::mkdir(group_.c_str(), 0755), 0);
    device_ = render(sys::look_at_filesystem(mount_.path())->disk);
  }
  void TearDown() override {
    writer_.reset();
    if (group_.empty()) return;
    sys::Patience patience(seconds(5));
    while (::rmdir(group_.c_str()) != 0 && !patience.is_over()) {
      sys::Patience(milliseconds(1)).wait({});
    }
  }

  // A process in our group that writes without a pause: past the page cache, or into it.
  void start_writer(int flags) {
    const std::string path = mount_.path() + "/busy";
    writer_ = std::make_unique<scenes::Child>([path, flags] {
      static const std::jthread thread([path, flags] {  // the child ends by being killed
        const sys::Fd file = sys::open_file(path, O_CREAT | O_WRONLY | flags).value();
        void* memory = nullptr;
        if (::posix_memalign(&memory, 4096, piece) != 0) return;
        std::memset(memory, 'x', piece);
        for (off_t i = 0;; ++i) {
          if (i % 64 == 0) static_cast<void>(::ftruncate(file.get(), 0) == 0);  // fresh pages
          static_cast<void>(::pwrite(file.get(), memory, piece, i % 64 * off_t{piece}) == piece);
        }
      });
    });
    const sys::ProcessId id = sys::read_process(writer_->pid()).value().id;
    ASSERT_TRUE(sys::move_to_cgroup(id, group_).ok());
  }
  std::unique_ptr<Witness> open() const {
    json::object params = writer_->params();
    params["device"] = device_;
    params["limits"] = json::array{0, 1 << 20, 0, 0};
    return scenes::open("disk.limited", params).value();
  }
  void write_bytes_max(std::uint64_t count) const {
    const std::string file = is_v1_ ? "blkio.throttle.write_bps_device" : "io.max";
    const std::string number = count == 0 && !is_v1_ ? "max" : std::to_string(count);
    ASSERT_TRUE(sys::write_control(fmt::format("{}/{}", group_, file),
                                   fmt::format("{} {}{}", device_, is_v1_ ? "" : "wbps=", number))
                    .ok());
  }

  static constexpr int piece = 64 << 10;
  sys::ScratchMount mount_{{.size = Bytes{32 << 20}, .program = "mkfs.ext4"}};
  bool is_v1_ = true;
  std::string group_;
  std::string device_;
  std::unique_ptr<scenes::Child> writer_;
};

TEST_F(DiskLimited, SeesALimitThatBindsAndItsEnd) {
  start_writer(O_DIRECT);
  const auto witness = open();
  EXPECT_TRUE(scenes::stays_off(*witness));
  write_bytes_max(1 << 20);
  const std::optional<Sighting> on = scenes::see(*witness, true);
  ASSERT_TRUE(on);
  EXPECT_GT(on->dose, 0.5 * (1 << 20));
  EXPECT_LT(on->dose, 1.5 * (1 << 20));
  EXPECT_NE(on->detail.find("write at most 1 MiB/s"), std::string::npos) << on->detail;
  write_bytes_max(0);
  const std::optional<Sighting> off = scenes::see(*witness, false);
  ASSERT_TRUE(off);
  EXPECT_NE(off->detail.find("no limit"), std::string::npos) << off->detail;
}

TEST_F(DiskLimited, IsNotTakenInByALooserLimit) {
  start_writer(O_DIRECT);
  const auto witness = open();
  write_bytes_max(2 << 20);
  EXPECT_TRUE(scenes::stays_off(*witness));
}

// Version 1 does not hold back what the kernel's own threads write later.
TEST_F(DiskLimited, SaysThatALimitDoesNotHold) {
  if (!is_v1_) GTEST_SKIP() << "version 2 limits buffered writes too";
  start_writer(0);
  const auto witness = open();
  write_bytes_max(1 << 20);
  sys::Patience patience(seconds(5));
  std::string detail;
  while (detail.find("/s written") == std::string::npos ||
         detail.find(" 0 B/s written") != std::string::npos) {
    ASSERT_FALSE(patience.is_over()) << detail;
    const Sighting sighting = witness->look().value();
    EXPECT_FALSE(sighting.on) << sighting.detail;
    detail = sighting.detail;
    sys::Patience(milliseconds(1)).wait({});
  }
  EXPECT_NE(detail.find("does not hold"), std::string::npos) << detail;
}

TEST_F(DiskLimited, RefusesAProcessThatIsHeldAlready) {
  start_writer(O_DIRECT);
  write_bytes_max(1 << 19);
  json::object params = writer_->params();
  params["device"] = device_;
  params["limits"] = json::array{0, 1 << 20, 0, 0};
  const auto witness = scenes::open("disk.limited", params);
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict) << witness.error().render();
}

TEST_F(DiskLimited, WantsToKnowWhichLimit) {
  start_writer(O_DIRECT);
  json::object params = writer_->params();
  params["device"] = device_;
  params["limits"] = json::array{0, 0, 0, 0};
  EXPECT_EQ(scenes::open("disk.limited", params).error().code, Code::invalid);
}

}  // namespace
}  // namespace squall::witness
