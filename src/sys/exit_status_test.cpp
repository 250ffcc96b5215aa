#include "sys/exit_status.h"

#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include "sys/clock.h"
#include "sys/test_props.h"

namespace squall::sys {
namespace {

using ::testing::HasSubstr;

// A child that ends in its own way when it is told to, and is waited for by nobody until then.
class Mortal {
 public:
  explicit Mortal(const std::function<void()>& end) {
    ::pipe2(ends_, O_CLOEXEC);
    pid_ = ::fork();
    CHECK(pid_ >= 0, "a child");
    if (pid_ == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      char word = 0;
      if (::read(ends_[0], &word, 1) == 1) end();
      ::_exit(99);
    }
    id_ = read_process(pid_).value().id;
    pidfd_ = open_process(id_).value();
  }
  ~Mortal() {
    ::kill(pid_, SIGKILL);
    reap();
    for (const int end : ends_) ::close(end);
  }
  Mortal(const Mortal&) = delete;
  Mortal& operator=(const Mortal&) = delete;

  void end() const {
    CHECK(::write(ends_[1], "x", 1) == 1, "the child reads");
    CHECK(wait_for_end(pidfd_, seconds(5)), "the child ends");
  }
  void reap() {
    if (!is_reaped_) ::waitpid(pid_, nullptr, 0);
    is_reaped_ = true;
  }
  ProcessId id() const { return id_; }
  const Fd& pidfd() const { return pidfd_; }

 private:
  int ends_[2] = {-1, -1};
  pid_t pid_ = 0;
  ProcessId id_;
  Fd pidfd_;
  bool is_reaped_ = false;
};

void die_by(int signal) {
  const rlimit none{0, 0};
  ::setrlimit(RLIMIT_CORE, &none);
  ::kill(::getpid(), signal);
  while (true) ::pause();
}

const ExitStatus with_three{.number = 3};
const ExitStatus by_term{.by_signal = true, .number = SIGTERM};

TEST(ExitStatus, IsReadAsWaitTellsIt) {
  EXPECT_EQ(parse_exit_status(0), (ExitStatus{}));
  EXPECT_EQ(parse_exit_status(3 << 8), with_three);
  EXPECT_EQ(parse_exit_status(SIGTERM), by_term);
  EXPECT_EQ(parse_exit_status(SIGSEGV | 0x80),
            (ExitStatus{.by_signal = true, .number = SIGSEGV, .dumped_core = true}));
  EXPECT_EQ(describe(with_three), "with exit code 3");
  EXPECT_EQ(describe(by_term), "by SIGTERM");
  EXPECT_EQ(describe(parse_exit_status(SIGSEGV | 0x80)), "by SIGSEGV, with a core dump");
}

TEST(ExitStatus, StandsInTheBodyUntilTheParentWaits) {
  Mortal child([] { ::_exit(3); });
  EXPECT_EQ(exit_status_of_zombie(child.id()).error().code, Code::not_found) << "it lives";
  child.end();
  EXPECT_EQ(exit_status_of_zombie(child.id()).value(), with_three);
  ProcessId predecessor = child.id();
  --predecessor.start_ticks;
  EXPECT_EQ(exit_status_of_zombie(predecessor).error().code, Code::not_found);
  child.reap();
  EXPECT_EQ(exit_status_of_zombie(child.id()).error().code, Code::not_found);
}

TEST(ExitStatus, OfAnotherUsersBodyIsNotTakenForZero) {
  if (::geteuid() != 0) GTEST_SKIP() << "needs root to become another user";
  const Mortal child([] { ::_exit(3); });
  child.end();
  int ending = 0;
  const pid_t stranger = ::fork();
  ASSERT_GE(stranger, 0);
  if (stranger == 0) {
    if (::setresuid(65534, 65534, 65534) != 0) ::_exit(2);
    const Result<ExitStatus> seen = exit_status_of_zombie(child.id());
    ::_exit(!seen.ok() && seen.error().code == Code::refused ? 0 : 1);
  }
  ASSERT_EQ(::waitpid(stranger, &ending, 0), stranger);
  EXPECT_EQ(ending, 0);
}

TEST(ExitStatus, IsKeptByTheDescriptorWhenTheParentHasWaited) {
  Mortal child([] { die_by(SIGTERM); });
  child.end();
  const Result<ExitStatus> early = exit_status_by_descriptor(child.pidfd());
  if (!early.ok() && early.error().code == Code::unsupported) {
    GTEST_SKIP() << early.error().message;
  }
  ASSERT_FALSE(early.ok());
  EXPECT_EQ(early.error().code, Code::not_found);
  child.reap();
  EXPECT_EQ(exit_status_by_descriptor(child.pidfd()).value(), by_term);
}

TEST(ExitStatus, IsAnnouncedToWhoeverListened) {
  Result<ExitListener> listener = ExitListener::open();
  if (!listener.ok()) GTEST_SKIP() << listener.error().message;
  Mortal child([] {
    std::jthread([] {}).join();  // its end is announced too, and means nothing
    ::_exit(3);
  });
  EXPECT_EQ(listener->status_of(child.id().pid).error().code, Code::not_found);
  child.end();
  child.reap();
  const Duration deadline = monotonic_now() + seconds(5);
  Result<ExitStatus> status = listener->status_of(child.id().pid);
  while (!status.ok() && monotonic_now() < deadline) status = listener->status_of(child.id().pid);
  ASSERT_TRUE(status.ok()) << status.error().render();
  EXPECT_EQ(*status, with_three);
}

TEST(ExitStatus, IsToldBeforeAndAfterTheParentWaits) {
  for (const bool is_late : {false, true}) {
    Mortal child([] { ::_exit(3); });
    ExitObserver observer = ExitObserver::open(child.id());
    child.end();
    if (is_late) child.reap();
    const Result<ExitStatus> status = observer.status(child.pidfd());
    if (!status.ok() && status.error().code == Code::unsupported) {
      EXPECT_THAT(status.error().message, HasSubstr("gone")) << "the reason is said";
      GTEST_SKIP() << status.error().message;
    }
    ASSERT_TRUE(status.ok()) << status.error().render();
    EXPECT_EQ(*status, with_three);
  }
}

}  // namespace
}  // namespace squall::sys
