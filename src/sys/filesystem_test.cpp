#include "sys/filesystem.h"

#include <cstdlib>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/fd.h"

namespace squall::sys {
namespace {

TEST(Filesystem, NamesProcByItsMount) {
  const Result<Filesystem> proc = look_at_filesystem("/proc/self/status");
  ASSERT_TRUE(proc.ok()) << proc.error().render();
  EXPECT_EQ(proc->type, "proc");
  EXPECT_EQ(proc->mount_point, "/proc");
  EXPECT_EQ(proc->device.major, 0U);
}

TEST(Filesystem, NamesTheWholeDiskOfEveryBlockDevice) {
  const Result<Filesystem> here = look_at_filesystem(testing::TempDir());
  ASSERT_TRUE(here.ok()) << here.error().render();
  if (here->disk.major == 0) GTEST_SKIP() << "no disk is behind " << testing::TempDir();
  const std::string entry = "/sys/dev/block/" + render(here->disk);
  EXPECT_TRUE(std::filesystem::exists(entry + "/queue")) << "only whole disks have a queue";
  EXPECT_EQ(look_at_filesystem("/proc")->disk, DeviceNumber());
}

TEST(Filesystem, AgreesWithTheStandardLibraryAboutSpace) {
  const Result<Filesystem> here = look_at_filesystem(testing::TempDir());
  ASSERT_TRUE(here.ok()) << here.error().render();
  const std::filesystem::space_info space = std::filesystem::space(testing::TempDir());
  EXPECT_EQ(here->total.count, space.capacity);
  EXPECT_GT(here->block.count, 0U);
  EXPECT_LE(here->available.count, here->free.count);
  EXPECT_FALSE(here->type.empty());
}

TEST(Filesystem, SaysThatThereIsNothingAtThePath) {
  const Result<Filesystem> nothing = look_at_filesystem("/no/such/folder");
  ASSERT_FALSE(nothing.ok());
  EXPECT_EQ(nothing.error().code, Code::not_found);
}

// In a child with mounts of its own: a small tmpfs of which one file takes some and one inode.
TEST(Filesystem, CountsWhatAFileTakes) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount";
  std::string folder = testing::TempDir() + "filesystem of squall-XXXXXX";
  ASSERT_NE(::mkdtemp(folder.data()), nullptr);
  const pid_t child = ::fork();
  if (child == 0) {
    const bool is_mounted =
        ::unshare(CLONE_NEWNS) == 0 &&
        ::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0 &&
        ::mount("none", folder.c_str(), "tmpfs", 0, "size=1m,nr_inodes=64") == 0;
    if (!is_mounted) ::_exit(1);
    const Result<Filesystem> before = look_at_filesystem(folder);
    const Fd file(::open((folder + "/file").c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
    if (::fallocate(file.get(), 0, 0, 65536) != 0) ::_exit(2);
    const Result<Filesystem> after = look_at_filesystem(folder + "/file");
    if (!before.ok() || !after.ok()) ::_exit(3);
    if (after->mount_point != folder || after->type != "tmpfs") ::_exit(4);
    if (before->free.count - after->free.count != 65536) ::_exit(5);
    ::_exit(before->inodes == 64 && before->free_inodes - after->free_inodes == 1 ? 0 : 6);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace squall::sys
