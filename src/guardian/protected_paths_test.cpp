#include "guardian/protected_paths.h"

#include <array>
#include <filesystem>
#include <functional>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/file.h"

namespace squall::guardian {
namespace {

using testing::HasSubstr;

class ProtectedPathsTest : public testing::Test {
 protected:
  ProtectedPathsTest() {
    std::string pattern = testing::TempDir() + "squall-protected-XXXXXX";
    EXPECT_NE(::mkdtemp(pattern.data()), nullptr);
    folder_ = sys::real_path(pattern).value();
    paths_.state_folder = folder_ + "/state";
    make("state/journal");
  }
  ~ProtectedPathsTest() override { std::filesystem::remove_all(folder_); }

  void make(const std::string& name) const {
    const std::string path = folder_ + "/" + name;
    ASSERT_TRUE(sys::make_folders(sys::folder_of(path)).ok());
    ASSERT_TRUE(sys::write_file_durably(path, "x").ok());
  }
  // What the gate says; "free" when it lets pass.
  std::string judge(const std::string& path) const {
    const Status status = check_protected(path, paths_);
    if (status.ok()) return "free";
    EXPECT_EQ(status.error().code, Code::refused);
    EXPECT_FALSE(status.error().next.empty());
    return status.error().message;
  }
  std::string judge_own(const std::string& name) const { return judge(folder_ + "/" + name); }

  // What `body` says in a child with mounts of its own, which end with it.
  static std::string with_own_mounts(const std::function<std::string()>& body) {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe(ends.data()), 0);
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      const bool is_ready = ::unshare(CLONE_NEWNS) == 0 &&
                            ::mount("", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) == 0;
      const std::string said = is_ready ? body() : "no mounts of our own";
      ::_exit(::write(ends[1], said.data(), said.size()) < 0 ? 1 : 0);
    }
    ::close(ends[1]);
    std::string said;
    std::array<char, 4096> buffer;
    for (ssize_t got = 1; got > 0;) {
      got = ::read(ends[0], buffer.data(), buffer.size());
      if (got > 0) said.append(buffer.data(), static_cast<std::size_t>(got));
    }
    ::close(ends[0]);
    ::waitpid(child, nullptr, 0);
    return said;
  }
  static void bind(const std::string& source, const std::string& point) {
    if (::mount(source.c_str(), point.c_str(), nullptr, MS_BIND, nullptr) != 0) ::_exit(2);
  }

  std::string folder_;
  ProtectedPaths paths_;
};

TEST_F(ProtectedPathsTest, RefuseWhatTheHostNeedsAndWhatLiesAboveIt) {
  for (const char* path : {"/", "/etc", "/etc/passwd", "/usr/bin/env", "/usr", "/boot/vmlinuz",
                           "/proc/1/mem", "/dev/sda", "/root/.ssh", "/root/.ssh/id", "/var/lib",
                           "/etc/squall/guardian.conf", "relative", ""}) {
    EXPECT_NE(judge(path), "free") << path;
  }
  for (const char* path : {"/etc/nginx/nginx.conf", "/srv/data/x", "/binary", "/usrlocal/x"}) {
    EXPECT_EQ(judge(path), "free") << path;
  }
}

TEST_F(ProtectedPathsTest, RefuseSquallsOwnStateAndItsParents) {
  EXPECT_THAT(judge_own("state/journal"), HasSubstr("squall's own state"));
  EXPECT_THAT(judge_own("state/new"), HasSubstr("squall's own state"));
  EXPECT_THAT(judge(folder_), HasSubstr("squall's own state"));
  EXPECT_EQ(judge_own("stately"), "free");
}

TEST_F(ProtectedPathsTest, RefuseWhatThePolicyAndATargetMapProtect) {
  make("data/a/file");
  make("kept/file");
  paths_.by_policy = {folder_ + "/data"};
  paths_.by_runs = {folder_ + "/kept"};
  EXPECT_THAT(judge_own("data/a/file"), HasSubstr("the policy protects"));
  EXPECT_THAT(judge_own("kept/file"), HasSubstr("a target map protects"));
  // Protected by a name that is a link.
  ASSERT_EQ(::symlink("data", (folder_ + "/link").c_str()), 0);
  paths_.by_policy = {folder_ + "/link/a"};
  EXPECT_THAT(judge_own("data/a/file"), HasSubstr("the policy protects"));
}

TEST_F(ProtectedPathsTest, SeeThroughBindMountsOfFoldersAndFiles) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  make("mount/below/file");
  make("single");
  make("free/file");
  make("with blank/file");
  const auto judge_bound = [&](const std::string& source, const std::string& point,
                               const std::string& asked) {
    return with_own_mounts([&] {
      bind(source, folder_ + "/" + point);
      return judge_own(asked);
    });
  };
  EXPECT_THAT(judge_bound("/usr/bin", "mount", "mount/env"), HasSubstr("the host itself needs"));
  EXPECT_THAT(judge_bound("/usr/bin", "mount", "mount/new"), HasSubstr("the host itself needs"));
  EXPECT_THAT(judge_bound("/etc/passwd", "single", "single"), HasSubstr("the host itself needs"));
  EXPECT_THAT(judge_bound("/etc", "mount", "mount"), HasSubstr("the host itself needs"));
  EXPECT_THAT(judge_bound(folder_ + "/state", "with blank", "with blank/journal"),
              HasSubstr("squall's own state"));
  EXPECT_THAT(judge_bound(folder_, "mount/below", "mount/below/state/journal"),
              HasSubstr("squall's own state"));
  EXPECT_EQ(judge_bound(folder_ + "/free", "mount", "mount/file"), "free");
  // What a mount covers is not what is meant.
  EXPECT_EQ(with_own_mounts([&] {
              bind("/usr/bin", folder_ + "/mount");
              bind(folder_ + "/free", folder_ + "/mount");
              return judge_own("mount/file");
            }),
            "free");
}

TEST_F(ProtectedPathsTest, SeeThroughABindMountOfABindMount) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root";
  make("one/x");
  make("two/x");
  const std::string said = with_own_mounts([&] {
    bind("/usr", folder_ + "/one");
    bind(folder_ + "/one/bin", folder_ + "/two");
    return judge_own("two/env");
  });
  EXPECT_THAT(said, HasSubstr("the host itself needs"));
}

TEST_F(ProtectedPathsTest, RefuseAFileWithOtherNames) {
  make("first");
  EXPECT_EQ(judge_own("first"), "free");
  ASSERT_EQ(::link((folder_ + "/first").c_str(), (folder_ + "/second").c_str()), 0);
  EXPECT_THAT(judge_own("first"), HasSubstr("2 hard links"));
}

TEST_F(ProtectedPathsTest, KnowTheDataFoldersOfDatabases) {
  for (const auto& [marker, name] :
       std::vector<std::pair<std::string, std::string>>{{"pg/PG_VERSION", "PostgreSQL"},
                                                        {"my/ibdata1", "MySQL"},
                                                        {"mongo/WiredTiger.wt", "MongoDB"},
                                                        {"etcd/member/snap/db", "etcd"},
                                                        {"wal/archive_status/x", "PostgreSQL"}}) {
    make(marker);
    const std::string folder = marker.substr(0, marker.find('/'));
    make(folder + "/deep/below/file");
    EXPECT_THAT(judge_own(folder + "/deep/below/file"), HasSubstr(name));
    EXPECT_THAT(judge_own(folder), HasSubstr(name));
  }
  make("fast-disk/PG_15_202209061/5/99");
  EXPECT_THAT(judge_own("fast-disk/PG_15_202209061/5/99"), HasSubstr("PostgreSQL"));
  EXPECT_THAT(judge_own("fast-disk"), HasSubstr("PostgreSQL"));
  make("fast-disk/PG_backup_notes/other");
  EXPECT_EQ(judge_own("fast-disk/PG_backup_notes/other"), "free");
  make("redis/dump.rdb");
  EXPECT_EQ(judge_own("redis/dump.rdb"), "free") << "an old dump, and nobody lives there";
}

TEST_F(ProtectedPathsTest, AllowADatabaseWhereTheOperatorDoesButNothingElse) {
  make("pg/PG_VERSION");
  make("pg/base/1");
  paths_.allowed = {folder_ + "/pg", folder_ + "/state", "/usr"};
  EXPECT_EQ(judge_own("pg/base/1"), "free");
  EXPECT_NE(judge_own("state/journal"), "free");
  EXPECT_NE(judge("/usr/bin/env"), "free");
}

// A process with the name of a Redis, working in its folder.
TEST_F(ProtectedPathsTest, KnowALiveRedis) {
  make("redis/dump.rdb");
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe(ends.data()), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, "redis-server");
    if (::chdir((folder_ + "/redis").c_str()) != 0 || ::write(ends[1], "x", 1) != 1) ::_exit(1);
    while (true) ::pause();
  }
  char letter = 0;
  ASSERT_EQ(::read(ends[0], &letter, 1), 1);
  EXPECT_THAT(judge_own("redis/dump.rdb"), HasSubstr("a live Redis"));
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  EXPECT_EQ(judge_own("redis/dump.rdb"), "free");
  ::close(ends[0]);
  ::close(ends[1]);
}

}  // namespace
}  // namespace squall::guardian
