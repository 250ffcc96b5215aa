#include <array>
#include <csignal>
#include <string>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "core/text.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "file.bytes");
}

class FileBytesTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(sys::write_file_durably(path_, "original\n", 0640).ok());
    set_time(1'000'000'000, 123'456'789);
    before_ = kind().capture(params_).value();
  }
  void set_time(std::int64_t seconds, std::int64_t nanoseconds) const {
    const timespec times[] = {{0, UTIME_OMIT}, {seconds, nanoseconds}};
    ASSERT_EQ(::utimensat(AT_FDCWD, path_.c_str(), times, 0), 0);
  }
  std::pair<std::int64_t, std::int64_t> modified() const {
    struct stat status {};
    EXPECT_EQ(::stat(path_.c_str(), &status), 0);
    return {status.st_mtim.tv_sec, status.st_mtim.tv_nsec};
  }
  void apply() { ASSERT_TRUE(kind().apply(params_, before_).ok()); }
  void revert() {
    EXPECT_EQ(kind().revert(params_, before_).value().ending, Ending::restored);
    EXPECT_EQ(sys::read_file(path_).value(), "original\n");
  }

  Folder folder_;
  std::string path_ = folder_.path() + "/data";
  json::object params_{{"path", path_},
                       {"patches", json::array{{{"offset", 0}, {"bytes", to_base64("ORI")}}}}};
  json::object before_;
};

TEST_F(FileBytesTest, LeavesTheModificationTimeAsBitRotDoes) {
  const auto before = modified();
  apply();
  EXPECT_EQ(sys::read_file(path_).value(), "ORIginal\n");
  EXPECT_EQ(modified(), before);
  revert();
  EXPECT_EQ(modified(), before);
}

TEST_F(FileBytesTest, DoesNotHideThatSomebodyElseWroteElsewhereInTheFile) {
  const auto before = modified();
  apply();
  set_time(1'500'000'000, 0);
  revert();
  EXPECT_GT(modified(), before);
}

// The file of a running program cannot be opened for writing, not even by root.
TEST_F(FileBytesTest, FindsNothingToUndoInAFileThatMayNotBeWritten) {
  const std::string program = folder_.path() + "/program";
  const std::string original = sys::read_file("/bin/sleep").value();
  ASSERT_TRUE(sys::write_file_durably(program, original, 0755).ok());
  json::object params = params_;
  params["path"] = program;
  const json::object before = kind().capture(params).value();
  std::array<int, 2> ends{};
  ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);  // hangs up when the program runs
  const pid_t child = ::fork();
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::execl(program.c_str(), "program", "1000", nullptr);
    ::_exit(127);
  }
  ::close(ends[1]);
  char none = 0;
  ASSERT_EQ(::read(ends[0], &none, 1), 0);
  ::close(ends[0]);
  EXPECT_FALSE(kind().apply(params, before).ok());
  const Result<Reverted> reverted = kind().revert(params, before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::was_absent);
  EXPECT_FALSE(kind().capture(params).ok());
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
}

}  // namespace
}  // namespace squall::change
