#include <array>
#include <thread>

#include <sys/fanotify.h>
#include <sys/inotify.h>
#include <sys/mount.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/scratch_mount_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

// A folder that other mounts are put over with our own hands.
class DiskDisturbed : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root to mount a filesystem";
    ASSERT_TRUE(sys::make_folders(folder_, 0755).ok());
  }
  std::unique_ptr<Witness> open(json::object params) const {
    params["path"] = folder_;
    return scenes::open("disk.disturbed", params).value();
  }
  void cover() const {
    ASSERT_EQ(::mount(folder_.c_str(), folder_.c_str(), nullptr, MS_BIND, nullptr), 0);
  }
  void uncover() const { ASSERT_EQ(::umount2(folder_.c_str(), MNT_DETACH), 0); }

  sys::ScratchMount mount_;
  std::string folder_ = mount_.path() + "/folder";
};

// Decides over every opening of files on the mount over the folder, in a thread.
class Doorkeeper {
 public:
  // Every `nth` is refused, after the delay; 0: none is.
  Doorkeeper(const std::string& folder, int nth, Duration delay)
      : group_(::fanotify_init(FAN_CLASS_CONTENT | FAN_CLOEXEC | FAN_NONBLOCK, O_RDONLY)) {
    is_there_ = ::fanotify_mark(group_.get(), FAN_MARK_ADD | FAN_MARK_MOUNT, FAN_OPEN_PERM,
                                AT_FDCWD, folder.c_str()) == 0;
    if (!is_there_) return;
    thread_ = std::jthread([this, nth, delay](const std::stop_token& stop) {
      for (int count = 1; !stop.stop_requested();) {
        sys::Patience patience(milliseconds(20), stop);
        if (patience.wait_for(group_.get(), POLLIN) != sys::Patience::End::ready) continue;
        fanotify_event_metadata event{};
        if (::read(group_.get(), &event, sizeof event) < static_cast<ssize_t>(sizeof event))
          continue;
        sys::sleep_until(sys::monotonic_now() + delay);
        const bool is_refused = nth > 0 && count++ % nth == 0;
        const fanotify_response answer{event.fd, is_refused ? unsigned{FAN_DENY} : FAN_ALLOW};
        static_cast<void>(::write(group_.get(), &answer, sizeof answer));
        ::close(event.fd);
      }
    });
  }
  bool is_there() const { return is_there_; }

 private:
  sys::Fd group_;
  bool is_there_ = false;
  std::jthread thread_;
};

TEST_F(DiskDisturbed, SeesAFolderBecomeReadOnlyAndItsEnd) {
  const auto witness = open({{"effect", "fail"}, {"error", "EROFS"}, {"work", "open_to_write"}});
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  cover();
  EXPECT_TRUE(scenes::stays_off(*witness, 5)) << "a mount alone is no fault";
  ASSERT_EQ(::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
            0);
  const std::optional<Sighting> on = scenes::see(*witness, true);
  ASSERT_TRUE(on);
  EXPECT_EQ(on->dose, 100);
  EXPECT_NE(on->detail.find("EROFS"), std::string::npos) << on->detail;
  uncover();
  EXPECT_TRUE(scenes::see(*witness, false));
  EXPECT_TRUE(sys::list_folder(folder_)->empty()) << "its files are gone";
}

TEST_F(DiskDisturbed, IsNotTakenInByAnotherErrorOrOtherWork) {
  const auto other_error = open({{"effect", "fail"}, {"error", "EIO"}, {"work", "open_to_write"}});
  const auto other_work = open({{"effect", "fail"}, {"error", "EROFS"}, {"work", "read"}});
  cover();
  ASSERT_EQ(::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
            0);
  EXPECT_TRUE(scenes::stays_off(*other_error, 5));
  EXPECT_TRUE(scenes::stays_off(*other_work, 5));
}

TEST_F(DiskDisturbed, MeasuresTheShareThatFails) {
  const auto witness =
      open({{"effect", "fail"}, {"error", "EPERM"}, {"work", "open"}, {"share", "25 %"}});
  cover();
  {
    const Doorkeeper doorkeeper(folder_, 4, {});
    if (!doorkeeper.is_there()) GTEST_SKIP() << "this kernel lets nobody decide over accesses";
    ASSERT_TRUE(scenes::see(*witness, true));
    static_cast<void>(witness->look());
    static_cast<void>(witness->look());
    EXPECT_NEAR(witness->look()->dose, 25, 4);
  }
  EXPECT_TRUE(scenes::see(*witness, false));
}

TEST_F(DiskDisturbed, SeesWhatTakesLong) {
  const auto witness = open({{"effect", "wait"}, {"delay", "30 ms"}, {"work", "open"}});
  cover();
  {
    const Doorkeeper doorkeeper(folder_, 0, milliseconds(30));
    if (!doorkeeper.is_there()) GTEST_SKIP() << "this kernel lets nobody decide over accesses";
    EXPECT_TRUE(scenes::see(*witness, true));
  }
  EXPECT_TRUE(scenes::see(*witness, false));
}

// An overlayfs keeps what is written elsewhere: for the folder itself it is lost.
TEST_F(DiskDisturbed, SeesWritesThatAreAcknowledgedAndDoNotLand) {
  const auto lost = open({{"effect", "lose"}, {"work", "write"}});
  const auto torn = open({{"effect", "tear"}, {"work", "write"}});
  EXPECT_TRUE(scenes::stays_off(*lost, 5));
  EXPECT_TRUE(scenes::stays_off(*torn, 5));
  const std::string upper = mount_.path() + "/upper";
  const std::string work = mount_.path() + "/work";
  ASSERT_TRUE(sys::make_folders(upper).ok() && sys::make_folders(work).ok());
  const std::string options =
      fmt::format("lowerdir={},upperdir={},workdir={}", folder_, upper, work);
  if (::mount("test", folder_.c_str(), "overlay", 0, options.c_str()) != 0) {
    GTEST_SKIP() << "this kernel has no overlayfs";
  }
  const std::optional<Sighting> on = scenes::see(*lost, true);
  ASSERT_TRUE(on);
  EXPECT_NE(on->detail.find("0 of 4096 bytes landed"), std::string::npos) << on->detail;
  EXPECT_TRUE(scenes::see(*torn, true));
  uncover();
  EXPECT_TRUE(scenes::see(*lost, false));
  EXPECT_TRUE(scenes::see(*torn, false));
}

// What never lands does not wait for a sync either.
TEST_F(DiskDisturbed, DoesNotTakeLostWritesForOnesThatWait) {
  const auto held = open({{"effect", "hold"}, {"work", "write"}});
  EXPECT_TRUE(scenes::stays_off(*held, 5));
  const std::string upper = mount_.path() + "/upper";
  const std::string work = mount_.path() + "/work";
  ASSERT_TRUE(sys::make_folders(upper).ok() && sys::make_folders(work).ok());
  const std::string options =
      fmt::format("lowerdir={},upperdir={},workdir={}", folder_, upper, work);
  if (::mount("test", folder_.c_str(), "overlay", 0, options.c_str()) != 0) {
    GTEST_SKIP() << "this kernel has no overlayfs";
  }
  EXPECT_TRUE(scenes::stays_off(*held, 5));
}

TEST_F(DiskDisturbed, UsesANameThatThePatternMeans) {
  const std::string wal = folder_ + "/wal";
  ASSERT_TRUE(sys::make_folders(wal).ok());
  const sys::Fd events(::inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  ASSERT_GE(::inotify_add_watch(events.get(), wal.c_str(), IN_CREATE), 0);
  const auto witness =
      open({{"effect", "fail"}, {"work", "open_to_write"}, {"files", "wal/a?*.*log"}});
  EXPECT_TRUE(scenes::stays_off(*witness, 1));
  alignas(inotify_event) std::array<char, 4096> bytes;
  ASSERT_GT(::read(events.get(), bytes.data(), bytes.size()), 0);
  const std::string name = reinterpret_cast<const inotify_event*>(bytes.data())->name;
  EXPECT_TRUE(glob_matches("a?*.*log", name)) << name;
}

TEST_F(DiskDisturbed, DoesNotTakeOnAFolderThatFailsAlready) {
  cover();
  ASSERT_EQ(::mount(nullptr, folder_.c_str(), nullptr, MS_REMOUNT | MS_BIND | MS_RDONLY, nullptr),
            0);
  const auto witness = scenes::open(
      "disk.disturbed", {{"path", folder_}, {"effect", "fail"}, {"work", "open_to_write"}});
  EXPECT_FALSE(witness.ok());
}

TEST(DiskDisturbedBy, SaysThatThereIsNoFolder) {
  const auto witness = scenes::open("disk.disturbed", {{"path", "/no/such"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
