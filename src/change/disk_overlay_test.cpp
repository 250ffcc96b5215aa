#include <csignal>

#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "change/executor.h"
#include "change/targets_test.h"
#include "sys/clock.h"
#include "sys/scratch_mount_test.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "disk.overlay");
}

class DiskOverlay : public testing::Test {
 protected:
  void SetUp() override {
    if (!mount_.is_mounted()) GTEST_SKIP() << "needs root to mount a filesystem";
    ASSERT_TRUE(sys::make_folders(folder_, 0755).ok());
    ASSERT_TRUE(sys::write_file_durably(file_, std::string(5000, 'a'), 0640).ok());
  }
  json::object params(json::object more) const {
    json::object all{{"path", folder_},
                     {"name", "squall-test"},
                     {"effect", "fail"},
                     {"error", "EIO"},
                     {"works", json::array{"write"}}};
    for (const auto& [name, value] : more) all[name] = value;
    return all;
  }
  // In force until the executor goes.
  std::unique_ptr<Executor> apply(const json::object& asked) {
    auto keeper = std::make_unique<Executor>(Journal::open(journal_.path()).value(), catalogue());
    const Result<Applied> applied =
        keeper->apply("run/0", "run", {"disk.overlay", asked}, false,
                      [](const Kind&, const Footprint&) { return ok(); });
    EXPECT_TRUE(applied.ok()) << applied.error().render();
    return keeper;
  }
  // An errno, 0 when it went well.
  int write_to(const std::string& path, const std::string& text, int flags = O_WRONLY) const {
    const sys::Fd file(::open(path.c_str(), flags | O_CLOEXEC, 0644));
    if (!file.valid()) return errno;
    return ::write(file.get(), text.data(), text.size()) < 0 ? errno : 0;
  }

  sys::ScratchMount mount_;
  Folder journal_;
  std::string folder_ = mount_.path() + "/folder";
  std::string file_ = folder_ + "/file";
};

TEST_F(DiskOverlay, FailsWhatItIsToldAndLetsTheRestPass) {
  const auto keeper = apply(params({}));
  EXPECT_EQ(write_to(file_, "new"), EIO);
  EXPECT_EQ(sys::read_file(file_).value(), std::string(5000, 'a'));
  EXPECT_EQ(::rename(file_.c_str(), (folder_ + "/other").c_str()), 0);
  EXPECT_EQ(::mkdir((folder_ + "/sub").c_str(), 0750), 0);
  EXPECT_EQ(sys::list_folder(folder_).value(), (std::vector<std::string>{"other", "sub"}));
  ASSERT_TRUE(keeper->revert("run/0").ok());
  EXPECT_EQ(sys::list_folder(folder_).value(), (std::vector<std::string>{"other", "sub"}));
  EXPECT_EQ(write_to(folder_ + "/other", "new"), 0);
}

TEST_F(DiskOverlay, IsReadOnlyForWriters) {
  const auto keeper = apply(
      params({{"error", "EROFS"}, {"works", json::array{"write", "open_to_write", "names"}}}));
  EXPECT_EQ(write_to(file_, "new"), EROFS);
  EXPECT_EQ(write_to(folder_ + "/new", "new", O_WRONLY | O_CREAT), EROFS);
  EXPECT_NE(::unlink(file_.c_str()), 0);
  EXPECT_NE(::chmod(file_.c_str(), 0600), 0);
  EXPECT_EQ(sys::read_file(file_).value().size(), 5000U);
  EXPECT_TRUE(keeper->revert("run/0").ok());
}

TEST_F(DiskOverlay, LosesWritesThatItAcknowledges) {
  const auto keeper = apply(params({{"effect", "lose"}}));
  EXPECT_EQ(write_to(file_, "new"), 0);
  EXPECT_TRUE(keeper->revert("run/0").ok());
  EXPECT_EQ(sys::read_file(file_).value(), std::string(5000, 'a'));
}

TEST_F(DiskOverlay, KeepsWritesInMemoryUntilTheyAreSynced) {
  const auto keeper = apply(params({{"effect", "hold"}}));
  const sys::Fd synced = sys::open_file(file_, O_RDWR).value();
  ASSERT_EQ(::pwrite(synced.get(), "synced", 6, 0), 6);
  ASSERT_EQ(::fsync(synced.get()), 0);
  EXPECT_EQ(write_to(folder_ + "/unsynced", "never synced", O_WRONLY | O_CREAT), 0);
  EXPECT_EQ(write_to(file_, "later", O_WRONLY | O_APPEND), 0);
  EXPECT_EQ(sys::read_file(folder_ + "/unsynced").value(), "never synced");
  EXPECT_EQ(sys::read_file(file_).value(), "synced" + std::string(4994, 'a') + "later");
  const Result<Reverted> reverted = keeper->revert("run/0");
  ASSERT_TRUE(reverted.ok());
  EXPECT_NE(reverted->detail.find("2 blocks of 4 KiB in 2 files were never synced"),
            std::string::npos)
      << reverted->detail;
  EXPECT_EQ(sys::read_file(folder_ + "/unsynced").value(), "") << "its name was durable";
  EXPECT_EQ(sys::read_file(file_).value(), "synced" + std::string(4994, 'a'));
}

TEST_F(DiskOverlay, MeansOnlyTheFilesOfItsPattern) {
  const auto keeper = apply(params({{"files", "*.log"}}));
  EXPECT_EQ(write_to(folder_ + "/a.log", "new", O_WRONLY | O_CREAT), EIO);
  EXPECT_EQ(write_to(file_, "new"), 0);
  EXPECT_EQ(::rename(file_.c_str(), (folder_ + "/b.log").c_str()), 0);
  EXPECT_EQ(write_to(folder_ + "/b.log", "new"), EIO) << "its name is what counts";
  EXPECT_TRUE(keeper->revert("run/0").ok());
}

// Programs make temporary files, take their names away and go on with them.
TEST_F(DiskOverlay, ServesFilesWithoutANameAndThroughMemory) {
  const auto keeper = apply(params({{"works", json::array{"sync"}}}));
  const sys::Fd file = sys::open_file(folder_ + "/temporary", O_RDWR | O_CREAT).value();
  ASSERT_EQ(::unlink((folder_ + "/temporary").c_str()), 0);
  ASSERT_EQ(::pwrite(file.get(), "still here", 10, 0), 10);
  struct stat status {};
  ASSERT_EQ(::fstat(file.get(), &status), 0);
  EXPECT_EQ(status.st_size, 10);
  EXPECT_EQ(status.st_nlink, 0U);
  ASSERT_EQ(::ftruncate(file.get(), 5), 0);
  EXPECT_EQ(sys::read_at(file, 0, 10).value(), "still");
  void* memory = ::mmap(nullptr, 5, PROT_READ | PROT_WRITE, MAP_SHARED, file.get(), 0);
  ASSERT_NE(memory, MAP_FAILED);
  static_cast<char*>(memory)[0] = 'S';
  ::munmap(memory, 5);
  EXPECT_EQ(sys::read_at(file, 0, 10).value(), "Still");
  EXPECT_NE(::fsync(file.get()), 0) << "that is the fault";
  EXPECT_TRUE(keeper->revert("run/0").ok());
}

TEST_F(DiskOverlay, LetsFilesGoOnThatWereOpenBeforeAndSaysWhichDoNot) {
  const sys::Fd before = sys::open_file(file_, O_RDWR).value();
  const auto keeper = apply(params({}));
  EXPECT_EQ(::pwrite(before.get(), "b", 1, 0), 1);
  const sys::Fd during = sys::open_file(file_, O_RDWR).value();
  EXPECT_EQ(sys::read_at(during, 0, 2).value(), "ba");
  const Result<Reverted> reverted = keeper->revert("run/0");
  ASSERT_TRUE(reverted.ok());
  EXPECT_NE(reverted->detail.find("1 files that are still open"), std::string::npos)
      << reverted->detail;
  EXPECT_EQ(::pwrite(during.get(), "d", 1, 0), -1);
  EXPECT_EQ(errno, ENOTCONN);
  EXPECT_EQ(::pwrite(before.get(), "c", 1, 0), 1);
  EXPECT_EQ(write_to(file_, "new"), 0);
}

// A link that leads out of the folder is followed by who opens it, not by us, who may do more.
TEST_F(DiskOverlay, ResolvesLinksWithTheRightsOfWhoAsks) {
  const std::string outside = mount_.path() + "/outside";
  ASSERT_TRUE(sys::write_file_durably(outside, "outside", 0600).ok());
  ASSERT_EQ(::symlink(outside.c_str(), (folder_ + "/link").c_str()), 0);
  const auto keeper = apply(params({}));
  EXPECT_EQ(sys::read_file(folder_ + "/link").value(), "outside");
  EXPECT_EQ(::chmod((folder_ + "/link").c_str(), 0640), 0) << "of the file that it leads to";
  EXPECT_EQ(::lchown((folder_ + "/link").c_str(), 65534, 65534), 0);
  struct stat status {};
  ASSERT_EQ(::stat(outside.c_str(), &status), 0);
  EXPECT_EQ(status.st_uid, 0U) << "the link was meant, not what it leads to";
  EXPECT_TRUE(keeper->revert("run/0").ok());
}

TEST_F(DiskOverlay, TearsWritesAfterTheirFirstPart) {
  const auto keeper = apply(params({{"effect", "tear"}, {"seed", 5}}));
  EXPECT_EQ(write_to(file_, std::string(5000, 'b')), 0);
  EXPECT_TRUE(keeper->revert("run/0").ok());
  const std::string content = sys::read_file(file_).value();
  const std::size_t landed = content.find('a');
  ASSERT_NE(landed, std::string::npos);
  EXPECT_EQ(landed % 512, 0U);
  EXPECT_EQ(content, std::string(landed, 'b') + std::string(5000 - landed, 'a'));
}

TEST_F(DiskOverlay, IsLateAsLongAsItIsTold) {
  const auto keeper =
      apply(params({{"effect", "wait"}, {"works", json::array{"sync"}}, {"delay", "60 ms"}}));
  const sys::Fd file = sys::open_file(file_, O_WRONLY).value();
  const Duration start = sys::monotonic_now();
  EXPECT_EQ(::fsync(file.get()), 0);
  const Duration took = sys::monotonic_now() - start;
  EXPECT_GE(took, milliseconds(60));
  EXPECT_LT(took, milliseconds(250));
  EXPECT_TRUE(keeper->revert("run/0").ok());
}

TEST_F(DiskOverlay, KeepsOwnersAndModesOfOthers) {
  ASSERT_EQ(::chmod(folder_.c_str(), 0777), 0);
  const auto keeper = apply(params({}));
  const pid_t child = ::fork();
  if (child == 0) {
    if (::setresgid(65534, 65534, 65534) != 0 || ::setresuid(65534, 65534, 65534) != 0) ::_exit(1);
    ::umask(022);
    const sys::Fd file(::open((folder_ + "/theirs").c_str(), O_CREAT | O_WRONLY, 0666));
    const bool is_kept_out = ::open(file_.c_str(), O_RDONLY) < 0 && errno == EACCES;
    ::_exit(file.valid() && is_kept_out ? 0 : 2);
  }
  int status = 0;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  struct stat theirs {};
  ASSERT_EQ(::stat((folder_ + "/theirs").c_str(), &theirs), 0);
  EXPECT_EQ(theirs.st_uid, 65534U);
  EXPECT_EQ(theirs.st_mode & 07777U, 0644U);
  EXPECT_TRUE(keeper->revert("run/0").ok());
}

TEST_F(DiskOverlay, IsMissedAndClearedWhenItsServerDies) {
  const auto keeper = apply(params({}));
  std::int64_t server = 0;
  for (const sys::Process& process : sys::list_processes()) {
    if (process.name == "squall-overlay" &&
        process.parent == integer_at(keeper->live().at(0).before, "holder_pid")) {
      server = process.id.pid;
    }
  }
  ASSERT_GT(server, 0);
  ::kill(static_cast<pid_t>(server), SIGKILL);
  const Duration deadline = sys::monotonic_now() + seconds(2);
  std::vector<std::string> lost;
  while (lost.empty() && sys::monotonic_now() < deadline) lost = keeper->lost_holders();
  EXPECT_EQ(lost.size(), 1U);
  EXPECT_TRUE(keeper->revert("run/0").ok());
  EXPECT_EQ(write_to(file_, "new"), 0);
}

TEST_F(DiskOverlay, RefusesWhatIsNoFolderAndNamesThatAreNotOurs) {
  EXPECT_EQ(kind().capture(params({{"path", file_}})).error().code, Code::invalid);
  EXPECT_EQ(kind().capture(params({{"path", "/no/such"}})).error().code, Code::not_found);
  EXPECT_EQ(kind().capture(params({{"name", "mine"}})).error().code, Code::invalid);
  EXPECT_EQ(kind().capture(params({{"name", "squall-a,suid"}})).error().code, Code::invalid);
}

TEST_F(DiskOverlay, SaysWhatItsServerDoesNotUnderstand) {
  const json::object wrong = params({{"error", "EVIL"}});
  const auto keeper =
      std::make_unique<Executor>(Journal::open(journal_.path()).value(), catalogue());
  const Result<Applied> applied = keeper->apply("run/0", "run", {"disk.overlay", wrong}, false,
                                                [](const Kind&, const Footprint&) { return ok(); });
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::invalid) << applied.error().render();
  EXPECT_TRUE(keeper->live().empty());
}

}  // namespace
}  // namespace squall::change
