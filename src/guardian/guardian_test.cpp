// The guardian as whole processes: everything that dies here is killed for real.
#include "guardian/guardian.h"

#include <array>
#include <atomic>
#include <condition_variable>
#include <csignal>
#include <filesystem>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "guardian/client.h"
#include "guardian/state.h"
#include "guardian/twin.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

// A sanitized program takes a second only to start.
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
constexpr Duration takeover_limit = seconds(10);
#else
constexpr Duration takeover_limit = seconds(1);
#endif

constexpr Duration patience = seconds(10);

bool eventually(const std::function<bool()>& condition, Duration limit = patience) {
  const Duration deadline = sys::monotonic_now() + limit;
  while (!condition()) {
    if (sys::monotonic_now() > deadline) return false;
    sys::sleep_until(sys::monotonic_now() + milliseconds(1));
  }
  return true;
}

class Victim {
 public:
  Victim() {
    const pid_t parent = ::getpid();
    pid_ = ::fork();
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      if (::getppid() != parent) ::_exit(0);
      while (true) ::pause();
    }
  }
  ~Victim() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
  }
  bool is_stopped() const { return sys::read_process(pid_).value().state == 'T'; }
  change::Request stop() const {
    const sys::ProcessId id = sys::read_process(pid_).value().id;
    return {"process.stop",
            {{"pid", id.pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}}};
  }

 private:
  pid_t pid_ = 0;
};

class GuardianTest : public testing::Test {
 protected:
  void SetUp() override {
    std::string pattern = testing::TempDir() + "guardian-XXXXXX";
    ASSERT_NE(::mkdtemp(pattern.data()), nullptr);
    launch_.state_folder = pattern;
    launch_.program = std::string(SQUALL_BINARY_DIR) + "/squall-guardian";
    launch_.policy_file = pattern + "/policy";
    launch_.idle_limit = milliseconds(300);
  }
  void TearDown() override {
    EXPECT_TRUE(eventually([&] { return !is_state_locked(launch_.state_folder); }))
        << "a guardian stays";
    std::filesystem::remove_all(launch_.state_folder);
  }

  Client start() {
    Result<Client> client = Client::connect_or_start(launch_);
    if (!client.ok()) ADD_FAILURE() << client.error().render();
    return std::move(*client);
  }
  std::unique_ptr<Session> open(Session::Options options = {}) {
    if (options.run.empty()) options.run = "run";
    Result<std::unique_ptr<Session>> session = Session::open(start(), std::move(options));
    if (!session.ok()) ADD_FAILURE() << session.error().render();
    return session.ok() ? std::move(*session) : nullptr;
  }
  json::object status() { return start().call({{"request", "status"}}).value(); }
  void kill_pid(std::string_view member) {
    const auto pid = static_cast<pid_t>(integer_at(status(), member));
    ASSERT_GT(pid, 1);
    ASSERT_EQ(::kill(pid, SIGKILL), 0);
  }
  // The runner as its own process, which stops a victim and then waits to be killed.
  pid_t runner_that_stops(const Victim& victim, Duration lease) {
    const pid_t child = ::fork();
    if (child == 0) {
      const auto session = open({.run = "child", .lease = lease});
      if (!session || !session->apply("0", victim.stop()).ok()) ::_exit(1);
      while (true) ::pause();
    }
    EXPECT_TRUE(eventually([&] { return victim.is_stopped(); }));
    return child;
  }

  Launch launch_;
  Victim victim_;
};

TEST_F(GuardianTest, AppliesAndRevertsForASession) {
  const auto session = open();
  ASSERT_TRUE(session->apply("0", victim_.stop()).ok());
  EXPECT_TRUE(victim_.is_stopped());
  const auto reverted = session->revert("0");
  ASSERT_TRUE(reverted.ok());
  EXPECT_EQ(reverted->ending, "restored");
  EXPECT_FALSE(victim_.is_stopped());
}

TEST_F(GuardianTest, KeepsFromAllRunsWhatATargetMapProtects) {
  const std::string folder = launch_.state_folder + "-protected";
  const std::string path = folder + "/file";
  ASSERT_TRUE(sys::make_folders(folder).ok());
  ASSERT_TRUE(sys::write_file_durably(path, "x").ok());
  const change::Request request{"file.mode", {{"path", path}, {"mode", "0000"}}};
  {
    const auto protector = open({.run = "protector", .protected_paths = {folder}});
    const auto other = open({.run = "other"});
    const auto refused = other->apply("0", request);
    ASSERT_FALSE(refused.ok());
    EXPECT_EQ(refused.error().code, Code::refused);
    EXPECT_NE(refused.error().message.find("a target map protects"), std::string::npos);
  }
  EXPECT_TRUE(open({.run = "later"})->apply("0", request).ok());
  EXPECT_FALSE(Session::open(start(), {.run = "wrong", .protected_paths = {"not/full"}}).ok());
  std::filesystem::remove_all(folder);
}

TEST_F(GuardianTest, RevertsWhenTheConnectionCloses) {
  auto session = open();
  ASSERT_TRUE(session->apply("0", victim_.stop()).ok());
  session.reset();
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }, milliseconds(500)));
}

TEST_F(GuardianTest, RevertsWhenTheRunnerIsKilled) {
  const pid_t runner = runner_that_stops(victim_, seconds(2));
  ::kill(runner, SIGKILL);
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }, takeover_limit));
  ::waitpid(runner, nullptr, 0);
}

TEST_F(GuardianTest, RevertsWhenTheRunnerHangsPastItsLease) {
  const pid_t runner = runner_that_stops(victim_, milliseconds(400));
  ::kill(runner, SIGSTOP);
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }, milliseconds(400) + seconds(1)));
  ::kill(runner, SIGKILL);
  ::waitpid(runner, nullptr, 0);
}

// A runner whose words lie in the guardian's socket as soon as they are said, whether the guardian
// has time for them or not.
class RawRunner {
 public:
  RawRunner(const std::string& folder, std::int64_t lease_ms) : fd_(connect_in(folder).value()) {
    say({{"request", "hello"}, {"run", "raw"}, {"lease_ms", lease_ms}});
    EXPECT_TRUE(bool_at(hear(), "ok"));
  }
  void say(const json::object& request) const {
    const std::string frame = encode_frame(request);
    EXPECT_TRUE(sys::write_all(fd_, frame).ok());
  }
  json::object hear() {
    while (true) {
      const auto message = reader_.next().value();
      if (message) return *message;
      pollfd entry{fd_.get(), POLLIN, 0};
      std::array<char, 4096> piece;
      const bool is_there = ::poll(&entry, 1, patience.poll_milliseconds()) > 0;
      const ssize_t got = is_there ? ::read(fd_.get(), piece.data(), piece.size()) : 0;
      if (got <= 0) return {};
      reader_.feed({piece.data(), static_cast<std::size_t>(got)});
    }
  }

 private:
  sys::Fd fd_;
  FrameReader reader_;
};

TEST_F(GuardianTest, HearsWhatWaitsBeforeItEndsALeaseThatRanOutWhileItWasBusy) {
  const auto session = open();
  const std::int64_t guardian = integer_at(status(), "guardian_pid");
  constexpr Duration lease = seconds(1);
  RawRunner other(launch_.state_folder, static_cast<std::int64_t>(lease.milliseconds()));
  const change::Request stop = victim_.stop();
  other.say({{"request", "apply"}, {"change", "0"}, {"kind", stop.kind}, {"params", stop.params}});
  ASSERT_TRUE(bool_at(other.hear(), "ok"));
  // The guardian waits for a command that takes until we let it go, or for 5 s.
  const std::string pipe = launch_.state_folder + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
  std::jthread asking([&] {
    static_cast<void>(session->apply("0", {"command",
                                           {{"apply", json::array{"/bin/cat", json::string(pipe)}},
                                            {"undo", json::array{"/bin/true"}},
                                            {"look", json::array{"/bin/false"}},
                                            {"limit", "5 s"}}}));
  });
  sys::Fd writing;  // opens when the command reads
  ASSERT_TRUE(eventually([&] {
    writing = sys::Fd(::open(pipe.c_str(), O_WRONLY | O_NONBLOCK | O_CLOEXEC));
    return writing.valid();
  }));
  other.say({{"request", "renew"}});
  // Longer than that lease, and than the twin bears silence from a guardian that does nothing.
  sys::sleep_until(sys::monotonic_now() + longest_quiet + seconds(1));
  writing.reset();
  const json::object answer = other.hear();
  EXPECT_TRUE(bool_at(answer, "ok"));
  EXPECT_EQ(text_at(answer, "stopped"), "") << "its word was there in time";
  EXPECT_TRUE(victim_.is_stopped()) << "and its change stays in force";
  asking.join();
  EXPECT_EQ(integer_at(status(), "guardian_pid"), guardian) << "the twin leaves a busy one alone";
  // One that says nothing is ended all the same.
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }));
}

TEST_F(GuardianTest, TwinTakesOverAndUndoes) {
  std::atomic<bool> told = false;
  const auto session = open({.run = "run", .on_trouble = [&](const Session::Trouble& trouble) {
                               told = trouble.kind == Session::Trouble::Kind::disconnected;
                             }});
  ASSERT_TRUE(session->apply("0", victim_.stop()).ok());
  kill_pid("guardian_pid");
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }, takeover_limit));
  EXPECT_TRUE(eventually([&] { return told.load(); }));
}

TEST_F(GuardianTest, TwinKillsAGuardianThatHangsAndUndoes) {
  const auto session = open({.lease = seconds(60)});
  ASSERT_TRUE(session->apply("0", victim_.stop()).ok());
  const std::int64_t first = integer_at(status(), "guardian_pid");
  ::kill(static_cast<pid_t>(first), SIGSTOP);
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }, seconds(20)));
  start();
  EXPECT_NE(integer_at(status(), "guardian_pid"), first);
}

TEST_F(GuardianTest, LeavesAQuietGuardianInPeace) {
  const auto session = open();
  const std::int64_t first = integer_at(status(), "guardian_pid");
  // Longer than the twin bears silence: what keeps it calm is the pulse.
  EXPECT_FALSE(eventually([&] { return integer_at(status(), "guardian_pid") != first; },
                          longest_quiet + seconds(1)));
}

TEST_F(GuardianTest, StartsANewTwinWhenTheTwinDies) {
  const auto session = open();
  const std::int64_t first = integer_at(status(), "twin_pid");
  kill_pid("twin_pid");
  EXPECT_TRUE(eventually([&] {
    const std::int64_t now = integer_at(status(), "twin_pid");
    return now != first && now > 1;
  }));
  ASSERT_TRUE(session->apply("0", victim_.stop()).ok());
  kill_pid("guardian_pid");
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }, takeover_limit));
}

TEST_F(GuardianTest, NextStartUndoesWhenEveryProcessWasKilled) {
  const pid_t runner = runner_that_stops(victim_, seconds(2));
  const json::object pids = status();
  // Stopped first, so that none of them can act between the kills.
  const std::vector<pid_t> all = {static_cast<pid_t>(integer_at(pids, "guardian_pid")),
                                  static_cast<pid_t>(integer_at(pids, "twin_pid")), runner};
  for (const pid_t pid : all) ::kill(pid, SIGSTOP);
  for (const pid_t pid : all) ::kill(pid, SIGKILL);
  ::waitpid(runner, nullptr, 0);
  ASSERT_TRUE(eventually([&] { return !is_state_locked(launch_.state_folder); }));
  EXPECT_TRUE(victim_.is_stopped());
  start();
  EXPECT_FALSE(victim_.is_stopped());
}

TEST_F(GuardianTest, TheEmergencyFileStopsEverythingAndResumeLetsGo) {
  std::atomic<bool> told = false;
  const auto session = open({.run = "run", .on_trouble = [&](const Session::Trouble& trouble) {
                               told = trouble.kind == Session::Trouble::Kind::stopped;
                             }});
  ASSERT_TRUE(session->apply("0", victim_.stop()).ok());
  { const auto touched = sys::open_file(stop_file(launch_.state_folder), O_CREAT | O_WRONLY); }
  EXPECT_TRUE(eventually([&] { return !victim_.is_stopped(); }, takeover_limit));
  EXPECT_TRUE(eventually([&] { return told.load(); }));
  const auto refused = session->apply("1", victim_.stop());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::refused);
  EXPECT_FALSE(Session::open(start(), {.run = "other"}).ok());
  ASSERT_TRUE(clear_stop(launch_.state_folder).ok());
  EXPECT_TRUE(open({.run = "third"})->apply("0", victim_.stop()).ok());
}

TEST_F(GuardianTest, RefusesTwoRunsOnOneThing) {
  const auto first = open({.run = "first"});
  const auto second = open({.run = "second"});
  ASSERT_TRUE(first->apply("0", victim_.stop()).ok());
  const auto refused = second->apply("0", victim_.stop());
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::conflict);
  EXPECT_TRUE(victim_.is_stopped());
}

TEST_F(GuardianTest, RefusesToStopItsOwnFamilyAndInit) {
  const auto session = open();
  const json::object pids = status();
  for (const std::int64_t pid : {std::int64_t{1}, static_cast<std::int64_t>(::getpid()),
                                 static_cast<std::int64_t>(::getppid()),
                                 integer_at(pids, "guardian_pid"), integer_at(pids, "twin_pid")}) {
    const sys::ProcessId id = sys::read_process(pid).value().id;
    const auto refused = session->apply(
        std::to_string(pid),
        {"process.stop",
         {{"pid", pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}}});
    ASSERT_FALSE(refused.ok()) << pid;
    EXPECT_EQ(refused.error().code, Code::refused);
  }
}

TEST_F(GuardianTest, ChangesNothingWhenTheStateFolderIsReadOnly) {
  if (::geteuid() == 0) {
    // Root writes through permission bits; a folder that is a file stands in for what cannot be
    // written.
    launch_.state_folder += "/file";
    ASSERT_TRUE(sys::write_file_durably(launch_.state_folder, "x").ok());
  } else {
    ASSERT_EQ(::chmod(launch_.state_folder.c_str(), 0500), 0);
  }
  const Result<Client> client = Client::connect_or_start(launch_);
  ASSERT_FALSE(client.ok());
  EXPECT_FALSE(client.error().next.empty());
  if (::geteuid() == 0) {
    launch_.state_folder = sys::folder_of(launch_.state_folder);
  } else {
    ::chmod(launch_.state_folder.c_str(), 0700);
  }
}

TEST_F(GuardianTest, NamesTheProgramThatIsNotThere) {
  launch_.program.clear();
  ::setenv("SQUALL_GUARDIAN", "/absent/squall-guardian", 1);
  const Result<Client> client = Client::connect_or_start(launch_);
  ::unsetenv("SQUALL_GUARDIAN");
  ASSERT_FALSE(client.ok());
  EXPECT_NE(client.error().render().find("/absent/squall-guardian"), std::string::npos);
  EXPECT_FALSE(client.error().next.empty());
}

TEST_F(GuardianTest, LeavesWhenNobodyNeedsIt) {
  { const auto session = open(); }
  EXPECT_TRUE(eventually([&] { return !is_state_locked(launch_.state_folder); }, seconds(3)));
}

}  // namespace
}  // namespace squall::guardian
