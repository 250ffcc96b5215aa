#include "sys/file.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "core/digest.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

void put(const std::string& path, const std::string& text) {
  ASSERT_TRUE(write_file_durably(path, text).ok()) << path;
}

mode_t mode_of(const std::string& path) {
  struct stat status {};
  return ::lstat(path.c_str(), &status) == 0 ? status.st_mode & 07777 : 0;
}

TEST(ReadFile, GivesTheWholeContent) {
  const ScratchFolder folder;
  std::string text = std::string("zero \0 inside", 13) + std::string(100'000, 'x');
  put(folder / "f", text);
  EXPECT_EQ(read_file(folder / "f").value(), text);
  EXPECT_THAT(read_file("/proc/self/status").value(), HasSubstr("Pid:"));
}

TEST(ReadFile, StopsAtTheLimit) {
  const ScratchFolder folder;
  put(folder / "f", std::string(1000, 'x'));
  EXPECT_TRUE(read_file(folder / "f", 1000).ok());
  const Result<std::string> refused = read_file(folder / "f", 999);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::invalid);
  EXPECT_THAT(refused.error().message, HasSubstr(folder / "f"));
  EXPECT_EQ(read_file("/dev/zero", 1 << 20).error().code, Code::invalid);  // never ends
}

TEST(ReadFile, ErrorsNameThePath) {
  const ScratchFolder folder;
  const Result<std::string> missing = read_file(folder / "none");
  EXPECT_EQ(missing.error().code, Code::not_found);
  EXPECT_THAT(missing.error().message, HasSubstr(folder / "none"));
  EXPECT_FALSE(read_file(folder.path()).ok());
}

TEST(HostileNames, AreOnlyNames) {
  const ScratchFolder folder;
  const std::vector<std::string> names = {"$(reboot)", "-rf",   "a b", "a\nb", "\x1b[2J",
                                          "\xff\xfe",  "..foo", "'\"", "*"};
  for (const std::string& name : names) put(folder / name, name);
  EXPECT_THAT(list_folder(folder.path()).value(), ::testing::UnorderedElementsAreArray(names));
  for (const std::string& name : names) {
    EXPECT_EQ(read_file(folder / name).value(), name);
    EXPECT_EQ(real_path(folder / name).value(), folder / name);
    EXPECT_TRUE(remove_file(folder / name).ok());
  }
  EXPECT_THAT(list_folder(folder.path()).value(), IsEmpty());
}

TEST(HostileNames, WithAZeroByteAreRefused) {
  const ScratchFolder folder;
  put(folder / "safe", "text");
  const std::string path = (folder / "safe") + std::string("\0/etc/passwd", 12);
  EXPECT_EQ(read_file(path).error().code, Code::invalid);
  EXPECT_EQ(write_file_durably(path, "x").error().code, Code::invalid);
  EXPECT_EQ(real_path(path).error().code, Code::invalid);
  EXPECT_EQ(remove_file(path).error().code, Code::invalid);
  EXPECT_EQ(list_folder(path).error().code, Code::invalid);
  EXPECT_EQ(make_folders(path).error().code, Code::invalid);
  EXPECT_FALSE(exists(path));
  EXPECT_TRUE(exists(folder / "safe"));
  EXPECT_EQ(read_file("").error().code, Code::invalid);
  EXPECT_EQ(real_path("").error().code, Code::invalid);
}

TEST(HostileNames, TooLongOnesAreErrors) {
  const ScratchFolder folder;
  EXPECT_FALSE(write_file_durably(folder / std::string(300, 'x'), "x").ok());
  EXPECT_FALSE(real_path("/" + std::string(5000, 'x')).ok());
  EXPECT_FALSE(make_folders(folder / std::string(300, 'x')).ok());
}

TEST(WriteFileDurably, ReplacesTheContentAndSetsTheMode) {
  const ScratchFolder folder;
  put(folder / "f", "old");
  const mode_t old_mask = ::umask(0077);
  EXPECT_TRUE(write_file_durably(folder / "f", "new", 0644).ok());
  ::umask(old_mask);
  EXPECT_EQ(read_file(folder / "f").value(), "new");
  EXPECT_EQ(mode_of(folder / "f"), 0644U);
  EXPECT_THAT(list_folder(folder.path()).value(), ElementsAre("f"));
}

TEST(WriteFileDurably, WritesNotThroughAPlantedLink) {
  const ScratchFolder folder;
  put(folder / "victim", "precious");
  ASSERT_EQ(::symlink((folder / "victim").c_str(), (folder / "f.new").c_str()), 0);
  put(folder / "f", "text");
  EXPECT_EQ(read_file(folder / "victim").value(), "precious");
  EXPECT_EQ(read_file(folder / "f").value(), "text");
}

TEST(WriteFileDurably, TakesOverWhatADeadWriterLeft) {
  const ScratchFolder folder;
  put(folder / "f.new", std::string(5000, 'x'));
  put(folder / "f", "text");
  EXPECT_EQ(read_file(folder / "f").value(), "text");
  EXPECT_FALSE(exists(folder / "f.new"));
}

TEST(WriteFileDurably, LeavesNothingWhenTheRenameFails) {
  const ScratchFolder folder;
  ASSERT_TRUE(make_folders(folder / "f/inside").ok());
  EXPECT_FALSE(write_file_durably(folder / "f", "text").ok());
  EXPECT_THAT(list_folder(folder.path()).value(), ElementsAre("f"));
  EXPECT_EQ(write_file_durably(folder / "none/f", "text").error().code, Code::not_found);
}

TEST(WriteFileDurably, AFullDiskLeavesTheOldFileWhole) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a small file system";
  const ScratchFolder folder;
  in_new_namespaces(CLONE_NEWNS, [&] {
    ASSERT_EQ(::mount("squall-test", folder.path().c_str(), "tmpfs", 0, "size=64k"), 0);
    const std::string old(8000, 'o');
    put(folder / "f", old);
    const Status full = write_file_durably(folder / "f", std::string(1 << 20, 'n'));
    ASSERT_FALSE(full.ok());
    EXPECT_THAT(full.error().render(), HasSubstr("No space left"));
    EXPECT_THAT(full.error().render(), HasSubstr(folder / "f.new"));
    EXPECT_EQ(read_file(folder / "f").value(), old);
    EXPECT_THAT(list_folder(folder.path()).value(), ElementsAre("f"));
    // And the space is free again: as much as before can be written.
    EXPECT_TRUE(write_file_durably(folder / "f", std::string(8000, 'n')).ok());
  });
}

TEST(WriteFileDurably, AReadOnlyDiskIsRefused) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to mount a file system";
  const ScratchFolder folder;
  in_new_namespaces(CLONE_NEWNS, [&] {
    const char* point = folder.path().c_str();
    ASSERT_EQ(::mount("squall-test", point, "tmpfs", 0, "size=64k"), 0);
    put(folder / "f", "old");
    ASSERT_EQ(::mount("squall-test", point, nullptr, MS_REMOUNT | MS_RDONLY, nullptr), 0);
    EXPECT_EQ(write_file_durably(folder / "f", "new").error().code, Code::refused);
    EXPECT_EQ(make_folders(folder / "g").error().code, Code::refused);
    EXPECT_TRUE(make_folders(folder.path()).ok());  // it is there already
    EXPECT_EQ(read_file(folder / "f").value(), "old");
  });
}

TEST(WriteControl, WritesInPlaceAtOnce) {
  const ScratchFolder folder;
  put(folder / "f", "12345");
  EXPECT_TRUE(write_control(folder / "f", "99").ok());
  EXPECT_EQ(read_file(folder / "f").value(), "99345");
  EXPECT_EQ(write_control(folder / "none", "1").error().code, Code::not_found);
  EXPECT_FALSE(exists(folder / "none"));
  const Status refused = write_control("/proc/self/comm/x", "1");
  EXPECT_EQ(refused.error().code, Code::not_found);
  EXPECT_THAT(write_control("/proc/version", "x").error().message, HasSubstr("/proc/version"));
}

TEST(MakeFolders, MakesEachPartWithTheMode) {
  const ScratchFolder folder;
  EXPECT_TRUE(make_folders(folder / "a/b//c/", 0700).ok());
  EXPECT_EQ(mode_of(folder / "a/b/c"), 0700U);
  EXPECT_TRUE(make_folders(folder / "a/b/c").ok());
  ASSERT_EQ(::symlink("a", (folder / "link").c_str()), 0);
  EXPECT_TRUE(make_folders(folder / "link").ok());
}

TEST(MakeFolders, AFileInTheWayIsAConflict) {
  const ScratchFolder folder;
  put(folder / "f", "text");
  EXPECT_EQ(make_folders(folder / "f").error().code, Code::conflict);
  EXPECT_FALSE(make_folders(folder / "f/g").ok());
}

TEST(Lists, AreSortedAndTellFoldersApart) {
  const ScratchFolder folder;
  for (const char* name : {"b", "a", "c"}) ASSERT_TRUE(make_folders(folder / name).ok());
  put(folder / "0 file", "");
  ASSERT_EQ(::symlink("a", (folder / "link").c_str()), 0);
  EXPECT_THAT(list_folder(folder.path()).value(), ElementsAre("0 file", "a", "b", "c", "link"));
  EXPECT_THAT(list_subfolders(folder.path()).value(), ElementsAre("a", "b", "c"));
  EXPECT_FALSE(list_folder(folder / "0 file").ok());
  EXPECT_EQ(list_folder(folder / "none").error().code, Code::not_found);
}

TEST(ReadAndWriteAt, TouchOnlyTheirBytes) {
  const ScratchFolder folder;
  put(folder / "f", "0123456789");
  const Fd fd = open_file(folder / "f", O_RDWR).value();
  EXPECT_TRUE(write_at(fd, 3, "abc").ok());
  EXPECT_EQ(read_at(fd, 2, 5).value(), "2abc6");
  EXPECT_EQ(read_at(fd, 8, 100).value(), "89");  // short at the end
  EXPECT_EQ(read_at(fd, 100, 5).value(), "");
  EXPECT_FALSE(write_at(open_file(folder / "f", O_RDONLY).value(), 0, "x").ok());
}

TEST(WriteAll, SaysWhenTheDiskIsFull) {
  const Fd full = open_file("/dev/full", O_WRONLY).value();
  EXPECT_THAT(write_all(full, "x").error().message, HasSubstr("No space left"));
}

TEST(OpenFile, ClosesOnExec) {
  const Fd fd = open_file("/dev/null", O_RDONLY).value();
  EXPECT_NE(::fcntl(fd.get(), F_GETFD) & FD_CLOEXEC, 0);
}

TEST(FileSha256, HashesTheContent) {
  const ScratchFolder folder;
  const std::string text(200'000, 'x');
  put(folder / "f", text);
  EXPECT_EQ(file_sha256(folder / "f").value(), sha256_hex(text));
  put(folder / "empty", "");
  EXPECT_EQ(file_sha256(folder / "empty").value(), sha256_hex(""));
}

TEST(FileSha256, RefusesWhatHasNoEnd) {
  const ScratchFolder folder;
  ASSERT_EQ(::mkfifo((folder / "pipe").c_str(), 0600), 0);
  for (const std::string& path : {folder / "pipe", folder.path(), std::string("/dev/zero")}) {
    EXPECT_EQ(file_sha256(path).error().code, Code::invalid) << path;
  }
  EXPECT_EQ(file_sha256(folder / "none").error().code, Code::not_found);
}

TEST(RealPath, ResolvesLinksAndDots) {
  const ScratchFolder folder;
  ASSERT_TRUE(make_folders(folder / "a/b").ok());
  ASSERT_EQ(::symlink("a/b", (folder / "link").c_str()), 0);
  EXPECT_EQ(real_path(folder / "link/../b/./").value(), folder / "a/b");
  EXPECT_EQ(real_path(folder / "link/new").value(), folder / "a/b/new");
  EXPECT_EQ(real_path(folder / "none/new").error().code, Code::not_found);
  EXPECT_EQ(real_path("/no such thing").value(), "/no such thing");
}

TEST(RealPath, FollowsALinkToWhatDoesNotExistYet) {
  const ScratchFolder folder;
  ASSERT_TRUE(make_folders(folder / "protected").ok());
  ASSERT_EQ(::symlink("protected/new", (folder / "one").c_str()), 0);
  ASSERT_EQ(::symlink((folder / "one").c_str(), (folder / "two").c_str()), 0);
  EXPECT_EQ(real_path(folder / "two").value(), folder / "protected/new");
  // The promise behind it: that is the file which an open makes.
  { const Fd made = open_file(folder / "two", O_WRONLY | O_CREAT).value(); }
  EXPECT_TRUE(exists(folder / "protected/new"));
}

TEST(RealPath, EndsInALoopOfLinks) {
  const ScratchFolder folder;
  ASSERT_EQ(::symlink("b", (folder / "a").c_str()), 0);
  ASSERT_EQ(::symlink("a", (folder / "b").c_str()), 0);
  EXPECT_FALSE(real_path(folder / "a").ok());
}

TEST(PathParts, AreTakenAtTheLastSlash) {
  EXPECT_EQ(folder_of("/a/b"), "/a");
  EXPECT_EQ(folder_of("/a"), "/");
  EXPECT_EQ(folder_of("b"), ".");
  EXPECT_EQ(name_of("/a/b"), "b");
  EXPECT_EQ(name_of("b"), "b");
}

}  // namespace
}  // namespace squall::sys
