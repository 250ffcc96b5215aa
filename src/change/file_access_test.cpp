#include <array>
#include <cerrno>
#include <csignal>
#include <functional>

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/vfs.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/holder.h"
#include "change/targets_test.h"
#include "sys/clock.h"
#include "sys/command.h"
#include "sys/file.h"
#include "sys/host.h"
#include "sys/process.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "file.access");
}

// A child that does something to a file and tells its error numbers. It has our program, so only
// its name says whether it is one of squall's own.
class Accessor {
 public:
  using Deed = std::function<int()>;  // an error number, or 0
  explicit Accessor(const Deed& deed, int times = 1, const char* name = "witness-test") {
    std::array<int, 2> ends{};
    EXPECT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    reading_ = sys::Fd(ends[0]);
    const sys::Fd writing(ends[1]);
    pid_ = ::fork();
    if (pid_ != 0) return;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    ::prctl(PR_SET_NAME, name);
    for (int i = 0; i < times; ++i) {
      const auto number = static_cast<unsigned char>(deed());
      if (::write(writing.get(), &number, 1) != 1) ::_exit(1);
    }
    ::_exit(0);
  }
  ~Accessor() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  Accessor(const Accessor&) = delete;
  Accessor& operator=(const Accessor&) = delete;

  // Of all its deeds; waits for its end.
  std::vector<int> errors() const {
    std::vector<int> numbers;
    unsigned char number = 0;
    while (::read(reading_.get(), &number, 1) == 1) numbers.push_back(number);
    return numbers;
  }

 private:
  sys::Fd reading_;
  pid_t pid_ = 0;
};

int open_error(const std::string& path) {
  return sys::Fd(::open(path.c_str(), O_RDWR | O_CLOEXEC)).valid() ? 0 : errno;
}
int read_error(const std::string& path) {
  const sys::Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  char letter = 0;
  return fd.valid() && ::read(fd.get(), &letter, 1) == 1 ? 0 : errno;
}
int write_error(const std::string& path) {
  const sys::Fd fd(::open(path.c_str(), O_RDWR | O_CLOEXEC));
  return fd.valid() && ::write(fd.get(), "x", 1) == 1 ? 0 : errno;
}

class FileAccessTest : public testing::Test {
 protected:
  FileAccessTest() {
    EXPECT_TRUE(sys::write_file_durably(path_, "content", 0666).ok());
    EXPECT_TRUE(sys::make_folders(folder_.path() + "/deep/er").ok());
    EXPECT_TRUE(sys::write_file_durably(below_, "content", 0666).ok());
  }
  void SetUp() override {
    if (!sys::look_at_host().may_watch_files) GTEST_SKIP() << "needs fanotify, so CAP_SYS_ADMIN";
  }
  Result<Holder> hold(json::object params) const {
    if (!params.contains("path")) params["path"] = path_;
    const Result<json::object> before = kind().capture(params);
    if (!before.ok()) return Error(before.error());
    return Holder::start(kind(), params, *before, seconds(5));
  }
  static int once(const Accessor::Deed& deed) {
    const std::vector<int> errors = Accessor(deed).errors();
    return errors.size() == 1 ? errors[0] : -1;
  }
  int reads() const {
    return once([this] { return read_error(path_); });
  }

  Folder folder_;
  std::string path_ = folder_.path() + "/file";
  std::string below_ = folder_.path() + "/deep/er/file";
};

TEST_F(FileAccessTest, AnswersEveryErrorThatTheKernelAllows) {
  for (const int number : {EPERM, EIO, EBUSY, ETXTBSY, EAGAIN, ENOSPC, EDQUOT}) {
    Holder holder = hold({{"error", number}, {"on", "open"}}).value();
    EXPECT_EQ(once([this] { return open_error(path_); }), number);
    holder.release(seconds(2));
    EXPECT_EQ(reads(), 0);
  }
}

TEST_F(FileAccessTest, RefusesOpeningReadingOrAnyUse) {
  {
    Holder holder = hold({{"error", EIO}, {"on", "read"}}).value();
    EXPECT_EQ(once([this] { return open_error(path_); }), 0);
    EXPECT_EQ(reads(), EIO);
    EXPECT_EQ(once([this] { return write_error(path_); }), 0);
    holder.release(seconds(2));
  }
  Result<Holder> holder = hold({{"error", ENOSPC}, {"on", "use"}});
  if (!holder.ok()) {
    EXPECT_EQ(holder.error().code, Code::unsupported);
    GTEST_SKIP() << holder.error().message;
  }
  EXPECT_EQ(once([this] { return open_error(path_); }), 0);
  EXPECT_EQ(reads(), ENOSPC);
  EXPECT_EQ(once([this] { return write_error(path_); }), ENOSPC);
  EXPECT_EQ(once([this] { return ::truncate(path_.c_str(), 3) == 0 ? 0 : errno; }), ENOSPC);
  holder->release(seconds(2));
}

TEST_F(FileAccessTest, SparesDescriptorsThatWereOpenBefore) {
  const sys::Fd early = sys::open_file(path_, O_RDWR).value();
  Holder holder = hold({{"error", EIO}, {"on", "read"}}).value();
  const auto deed = [&] {
    char letter = 0;
    return ::pread(early.get(), &letter, 1, 0) == 1 ? 0 : errno;
  };
  EXPECT_EQ(once(deed), 0);
  EXPECT_EQ(reads(), EIO);
  holder.release(seconds(2));
}

TEST_F(FileAccessTest, SparesSquallsOwnProcesses) {
  Holder holder = hold({{"error", EIO}, {"on", "open"}}).value();
  EXPECT_EQ(open_error(path_), 0) << "this very process";
  EXPECT_EQ(Accessor([this] { return open_error(path_); }, 1, "squall-holder").errors(),
            std::vector<int>{0});
  EXPECT_EQ(once([this] { return open_error(path_); }), EIO);
  holder.release(seconds(2));
}

TEST_F(FileAccessTest, MeansOnlyTheProcessesGivenAndTheChildOfAWitness) {
  const Sleeper given;
  Holder holder =
      hold({{"error", EIO}, {"on", "open"}, {"processes", json::array{given.params()}}}).value();
  const auto exit_code_of_cat = [this] {
    sys::Patience patience(seconds(10));
    return sys::run_command({.argv = {"cat", path_}}, patience)->exit_code;
  };
  EXPECT_EQ(exit_code_of_cat(), 0) << "nobody gave it";
  EXPECT_EQ(once([this] { return open_error(path_); }), EIO);
  holder.release(seconds(2));
  holder = hold({{"error", EIO}, {"on", "open"}}).value();
  EXPECT_EQ(exit_code_of_cat(), 1);
  holder.release(seconds(2));
}

// Another program, which tells by its exit code; it is held back until it has been given.
TEST_F(FileAccessTest, RefusesAProcessThatWasGiven) {
  std::array<int, 2> go{};
  ASSERT_EQ(::pipe(go.data()), 0);
  const pid_t shell = ::fork();
  if (shell == 0) {
    ::dup2(go[0], 0);
    ::execlp("sh", "sh", "-c", "read go; exec 3<\"$0\" && exit 0 || exit 9", path_.c_str(),
             nullptr);
    ::_exit(127);
  }
  const Duration deadline = sys::monotonic_now() + seconds(5);
  while (sys::read_process(shell).value().name != "sh" && sys::monotonic_now() < deadline) {
  }
  const sys::ProcessId id = sys::read_process(shell).value().id;
  const json::array processes{
      {{"pid", id.pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}}};
  Holder holder = hold({{"error", EIO}, {"on", "open"}, {"processes", processes}}).value();
  ASSERT_EQ(::write(go[1], "go\n", 3), 3);
  int status = 0;
  ASSERT_EQ(::waitpid(shell, &status, 0), shell);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) != 0) << status;
  holder.release(seconds(2));
  ::close(go[0]);
  ::close(go[1]);
}

TEST_F(FileAccessTest, TakesTheShareThatTheSeedChooses) {
  const auto errors = [&](int seed) {
    Holder holder =
        hold({{"error", EIO}, {"on", "open"}, {"share", "30 %"}, {"seed", seed}}).value();
    std::vector<int> got = Accessor([this] { return open_error(path_); }, 300).errors();
    holder.release(seconds(2));
    return got;
  };
  const std::vector<int> first = errors(1);
  ASSERT_EQ(first.size(), 300U);
  const auto refused = std::count(first.begin(), first.end(), EIO);
  EXPECT_NEAR(static_cast<double>(refused), 90, 35);
  EXPECT_EQ(errors(1), first);
  EXPECT_NE(errors(2), first);
}

TEST_F(FileAccessTest, ReachesAFolderAndAllBelowItButNotBeside) {
  Holder holder =
      hold({{"path", folder_.path() + "/deep"}, {"error", EIO}, {"on", "open"}}).value();
  EXPECT_EQ(once([this] { return open_error(below_); }), EIO);
  EXPECT_EQ(reads(), 0);
  EXPECT_EQ(integer_at(holder.facts(), "folders"), 2);
  holder.release(seconds(2));
  EXPECT_EQ(once([this] { return open_error(below_); }), 0);
}

TEST_F(FileAccessTest, DelaysWithoutKeepingOthersWaiting) {
  Holder holder = hold({{"delay", "300 ms"}, {"on", "open"}}).value();
  const Duration begun = sys::monotonic_now();
  const auto deed = [this] { return open_error(path_); };
  const Accessor one(deed);
  const Accessor two(deed);
  const Accessor three(deed);
  for (const Accessor* accessor : {&one, &two, &three}) {
    EXPECT_EQ(accessor->errors(), std::vector<int>{0});
  }
  const Duration took = sys::monotonic_now() - begun;
  EXPECT_GE(took, milliseconds(300));
  EXPECT_LT(took, milliseconds(800)) << "side by side, not one after the other";
  holder.release(seconds(2));
}

TEST_F(FileAccessTest, LetsThroughWhatWaitsWhenItEnds) {
  Holder holder = hold({{"delay", "50 s"}, {"error", EIO}, {"on", "open"}}).value();
  const Accessor waiting([this] { return open_error(path_); });
  holder.release(seconds(2));
  const std::vector<int> errors = waiting.errors();
  EXPECT_EQ(errors.size(), 1U);
}

TEST_F(FileAccessTest, LetsThroughWhatWaitsWhenItIsKilled) {
  Holder holder = hold({{"delay", "50 s"}, {"on", "open"}}).value();
  const Accessor waiting([this] { return open_error(path_); });
  ::kill(static_cast<pid_t>(holder.id().pid), SIGKILL);
  EXPECT_EQ(waiting.errors(), std::vector<int>{0});
  holder.release({});
}

// Nobody looks after this holder but its own watchdog; a guardian would have waited for the file.
TEST_F(FileAccessTest, IsKilledByItsWatchdogWhenItHangs) {
  Holder holder = hold({{"error", EIO}, {"on", "open"}}).value();
  ASSERT_EQ(::kill(static_cast<pid_t>(holder.id().pid), SIGSTOP), 0);
  const Duration begun = sys::monotonic_now();
  EXPECT_EQ(once([this] { return open_error(path_); }), 0) << "let through when the group closed";
  EXPECT_GT(sys::monotonic_now() - begun, milliseconds(500)) << "it did hang for a while";
  EXPECT_LT(sys::monotonic_now() - begun, seconds(4));
  holder.release({});
}

TEST_F(FileAccessTest, IsUnsupportedWhereTheFilesystemHasNoPreContentEvents) {
  struct statfs status {};
  constexpr long tmpfs = 0x01021994;
  if (::statfs("/dev/shm", &status) != 0 || status.f_type != tmpfs) GTEST_SKIP() << "no tmpfs";
  const std::string path = "/dev/shm/squall-access-" + std::to_string(::getpid());
  ASSERT_TRUE(sys::write_file_durably(path, "x").ok());
  const Result<Holder> holder = hold({{"path", path}, {"error", EIO}, {"on", "use"}});
  ASSERT_FALSE(holder.ok());
  EXPECT_EQ(holder.error().code, Code::unsupported);
  EXPECT_THAT(holder.error().next, testing::HasSubstr("on: open"));
  ::unlink(path.c_str());
}

TEST_F(FileAccessTest, RefusesAVictimThatIsNoMore) {
  const json::array gone{{{"pid", ::getpid()}, {"start_ticks", 1}}};
  const Result<Holder> holder = hold({{"error", EIO}, {"on", "open"}, {"processes", gone}});
  ASSERT_FALSE(holder.ok());
  EXPECT_EQ(holder.error().code, Code::not_found);
  EXPECT_FALSE(kind().footprint({{"path", path_}, {"processes", gone}}).ok());
}

}  // namespace
}  // namespace squall::change
