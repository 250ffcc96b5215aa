#include "sys/mounts.h"

#include <csignal>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"
#include "sys/patience.h"
#include "sys/scratch_mount_test.h"

namespace squall::sys {
namespace {

constexpr std::string_view table =
    "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
    "23 22 0:21 / /proc rw - proc proc rw\n"
    "31 22 0:30 / /a\\040folder rw shared:7 master:1 - tmpfs squall-x rw\n"
    "32 31 0:31 /sub /a\\040folder rw - tmpfs second rw\n"
    "nonsense\n"
    "33 22 0:31 / /half rw - tmpfs\n";

TEST(Mounts, AreReadFromTheTableOfTheKernel) {
  const std::vector<Mount> mounts = parse_mounts(table);
  ASSERT_EQ(mounts.size(), 4U);
  EXPECT_EQ(mounts[0].peer_group, 1);
  EXPECT_EQ(mounts[1].peer_group, 0);
  EXPECT_EQ(mounts[2].point, "/a folder");
  EXPECT_EQ(mounts[2].source, "squall-x");
  EXPECT_EQ(mounts[2].peer_group, 7);
  EXPECT_EQ(mounts[3].parent, 31);
}

TEST(Mounts, HideWhatStandsBelowThem) {
  const std::vector<Mount> mounts = parse_mounts(table);
  EXPECT_EQ(mount_of(mounts, "/a folder/x")->source, "second");
  EXPECT_EQ(mount_of(mounts, "/a folders")->source, "/dev/vda1");
  EXPECT_EQ(mount_of(mounts, "/proc/1")->type, "proc");
  EXPECT_EQ(mount_of({}, "/"), nullptr);
}

// A child with mounts of its own, and a tmpfs over /mnt that holds a file.
class MountedChild {
 public:
  MountedChild() {
    int ready[2] = {-1, -1};
    EXPECT_EQ(::pipe2(ready, O_CLOEXEC), 0);
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const bool done = ::unshare(CLONE_NEWNS) == 0 &&
                        ::mount("", "/", "", MS_REC | MS_PRIVATE, nullptr) == 0 &&
                        ::mount("of-a-test", "/mnt", "tmpfs", 0, "size=64k") == 0 &&
                        write_file_durably("/mnt/only-here", "x").ok();
      static_cast<void>(::write(ready[1], done ? "y" : "n", 1) == 1);
      while (true) ::pause();
    }
    char answer = 'n';
    EXPECT_EQ(::read(ready[0], &answer, 1), 1);
    EXPECT_EQ(answer, 'y');
    ::close(ready[0]);
    ::close(ready[1]);
  }
  ~MountedChild() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  MountedChild(const MountedChild&) = delete;
  MountedChild& operator=(const MountedChild&) = delete;
  ProcessId id() const { return read_process(pid_).value().id; }

 private:
  int pid_ = 0;
};

TEST(Mounts, AreDetachedOneByOneAndNeverInPlaceOfAnother) {
  const ScratchMount scratch;
  if (!scratch.is_mounted()) GTEST_SKIP() << "needs root to mount a filesystem";
  const auto mount_named = [](const std::string& source) {
    for (const Mount& mount : read_mounts(::getpid()).value()) {
      if (mount.source == source) return mount;
    }
    return Mount{};
  };
  const std::string folder = scratch.path() + "/folder";
  ASSERT_TRUE(make_folders(folder).ok());
  for (const char* source : {"below-of-a-test", "above-of-a-test"}) {
    ASSERT_EQ(::mount(source, folder.c_str(), "tmpfs", 0, "size=64k"), 0);
  }
  const Mount below = mount_named("below-of-a-test");
  const Mount above = mount_named("above-of-a-test");
  EXPECT_FALSE(detach_mount(below).value()) << "the other one covers it";
  EXPECT_NE(mount_named("above-of-a-test").id, 0);
  const Fd in_use = open_file(folder, O_RDONLY | O_DIRECTORY).value();
  EXPECT_TRUE(detach_mount(above).value());
  EXPECT_TRUE(detach_mount(below).value());
  EXPECT_EQ(mount_named("below-of-a-test").id, 0);
  EXPECT_FALSE(detach_mount(below).value()) << "only the folder itself is left";
  EXPECT_EQ(mount_named("squall-test").point, scratch.path());
}

TEST(Mounts, OfAnotherProcessAreSeenAndEnteredAndOursStay) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "only a process of one thread enters other mounts; ThreadSanitizer adds its own";
#endif
  const MountedChild child;
  const std::vector<Mount> its = read_mounts(child.id().pid).value();
  EXPECT_EQ(mount_of(its, "/mnt")->source, "of-a-test");
  const std::string own = mount_namespace_of(::getpid()).value();
  const std::string other = mount_namespace_of(child.id().pid).value();
  EXPECT_NE(own, other);
  EXPECT_EQ(member_of_mount_namespace(other)->pid, child.id().pid);
  const Status seen = within_mounts_of(child.id(), [] {
    return exists("/mnt/only-here") ? ok() : error(Code::failed, "it is not there");
  });
  EXPECT_TRUE(seen.ok()) << seen.error().render();
  EXPECT_FALSE(exists("/mnt/only-here"));
  EXPECT_EQ(mount_namespace_of(::getpid()).value(), own);
}

TEST(Mounts, HandBackWhatTheWorkSays) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "only a process of one thread enters other mounts; ThreadSanitizer adds its own";
#endif
  const MountedChild child;
  const Status refused =
      within_mounts_of(child.id(), [] { return Status(error(Code::conflict, "no, not this")); });
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_EQ(refused.error().message, "no, not this");
  const Status died = within_mounts_of(child.id(), []() -> Status {
    ::kill(::getpid(), SIGKILL);
    return ok();
  });
  EXPECT_FALSE(died.ok());
}

TEST(Mounts, AreNotEnteredUnderAReusedPid) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  const MountedChild child;
  ProcessId stale = child.id();
  ++stale.start_ticks;
  const Status entered = within_mounts_of(stale, [] { return ok(); });
  ASSERT_FALSE(entered.ok());
  EXPECT_EQ(entered.error().code, Code::not_found);
  EXPECT_EQ(member_of_mount_namespace("mnt:[1]").error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::sys
