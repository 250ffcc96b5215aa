#include <array>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "change/change.h"
#include "change/targets_test.h"
#include "sys/cgroup.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::change {
namespace {

const Kind& kind() {
  return *find(catalogue(), "cgroup.fence");
}

// A process which, at a word, makes a child that makes a grandchild and dies.
class Parent {
 public:
  Parent() {
    CHECK(::pipe2(order_.data(), O_CLOEXEC) == 0 && ::pipe2(answer_.data(), O_CLOEXEC) == 0,
          "pipes");
    ::prctl(PR_SET_CHILD_SUBREAPER, 1);
    pid_ = ::fork();
    if (pid_ == 0) live();
  }
  ~Parent() {
    // In this order: a child becomes ours to wait for when its parent is gone.
    for (const pid_t pid : {pid_, child_, orphan_}) {
      if (pid <= 0) continue;
      ::kill(pid, SIGKILL);
      ::waitpid(pid, nullptr, 0);
    }
    ::prctl(PR_SET_CHILD_SUBREAPER, 0);
    for (const int fd : {order_[0], order_[1], answer_[0], answer_[1]}) ::close(fd);
  }
  void bear() {
    CHECK(::write(order_[1], "!", 1) == 1, "the parent listens");
    std::array<pid_t, 2> born{};
    CHECK(::read(answer_[0], born.data(), sizeof born) == sizeof born, "the parent answers");
    child_ = born[0];
    orphan_ = born[1];
    // Its own parent, between the two, is dead by now or in a moment.
    while (sys::read_process(orphan_)->parent != ::getpid()) {
      sys::sleep_until(sys::monotonic_now() + milliseconds(1));
    }
  }
  sys::ProcessId id() const { return sys::read_process(pid_).value().id; }
  pid_t child() const { return child_; }
  pid_t orphan() const { return orphan_; }

 private:
  [[noreturn]] void live() {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    char word = 0;
    if (::read(order_[0], &word, 1) != 1) ::_exit(1);
    std::array<pid_t, 2> born{};
    born[0] = ::fork();
    if (born[0] == 0) wait_for_ever();
    std::array<int, 2> number{};
    if (::pipe(number.data()) != 0) ::_exit(1);
    if (::fork() == 0) {
      const pid_t orphan = ::fork();
      if (orphan == 0) wait_for_ever();
      ::_exit(::write(number[1], &orphan, sizeof orphan) == sizeof orphan ? 0 : 1);
    }
    if (::read(number[0], &born[1], sizeof born[1]) != sizeof born[1]) ::_exit(1);
    if (::write(answer_[1], born.data(), sizeof born) != sizeof born) ::_exit(1);
    wait_for_ever();
  }
  [[noreturn]] static void wait_for_ever() {
    while (true) ::pause();
  }

  std::array<int, 2> order_{};
  std::array<int, 2> answer_{};
  pid_t pid_ = 0;
  pid_t child_ = 0;
  pid_t orphan_ = 0;
};

class CgroupFenceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (::geteuid() != 0) GTEST_SKIP() << "needs root";
    if (!sys::exists("/sys/fs/cgroup")) GTEST_SKIP() << "no control groups here";
    if (!cpu_controller_is_v1()) GTEST_SKIP() << "the cpu controller is not on cgroup v1 here";
    home_ = std::make_unique<Group>(free_cpu_group());
    fence_ = home_->path() + "/squall-test";
    hierarchy_ = sys::cgroup_hierarchy_of(home_->path()).value();
  }
  void TearDown() override {
    if (!fence_.empty()) ::rmdir(fence_.c_str());
  }
  json::object params(const std::vector<sys::ProcessId>& members) const {
    json::array processes;
    for (const sys::ProcessId& id : members) {
      processes.push_back(
          {{"pid", id.pid}, {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}});
    }
    return {{"path", fence_},
            {"attributes", json::array{{{"name", "cpu.cfs_quota_us"}, {"value", "20000"}}}},
            {"processes", std::move(processes)}};
  }
  std::string place(std::int64_t pid) const {
    return sys::cgroup_directory_of(sys::read_process(pid)->id, hierarchy_).value();
  }
  void move(const sys::ProcessId& id, const std::string& group) const {
    ASSERT_TRUE(sys::move_to_cgroup(id, group).ok());
  }

  std::unique_ptr<Group> home_;
  std::string fence_;
  sys::CgroupHierarchy hierarchy_;
};

TEST_F(CgroupFenceTest, HoldsTheProcessesAndTheLimit) {
  const Sleeper sleeper;
  const json::object asked = params({sleeper.id()});
  const json::object before = kind().capture(asked).value();
  ASSERT_TRUE(kind().apply(asked, before).ok());
  EXPECT_EQ(place(sleeper.pid()), fence_);
  EXPECT_EQ(sys::read_file(fence_ + "/cpu.cfs_quota_us").value(), "20000\n");
  EXPECT_EQ(kind().revert(asked, before)->ending, Ending::restored);
  EXPECT_EQ(place(sleeper.pid()), hierarchy_.mount);
  EXPECT_FALSE(sys::exists(fence_));
}

TEST_F(CgroupFenceTest, BringsChildrenHomeThatWereBornInside) {
  Parent parent;
  move(parent.id(), home_->path());
  const json::object asked = params({parent.id()});
  const json::object before = kind().capture(asked).value();
  ASSERT_TRUE(kind().apply(asked, before).ok());
  parent.bear();
  ASSERT_EQ(place(parent.child()), fence_);
  ASSERT_EQ(place(parent.orphan()), fence_);
  EXPECT_EQ(kind().revert(asked, before)->ending, Ending::restored);
  EXPECT_EQ(place(parent.child()), home_->path());
  EXPECT_EQ(place(parent.orphan()), home_->path());
}

TEST_F(CgroupFenceTest, BringsOrphansToTheRootWhenTheyMayComeFromTwoGroups) {
  Parent parent;
  move(parent.id(), home_->path());
  const Sleeper other;  // from the root
  const json::object asked = params({parent.id(), other.id()});
  const json::object before = kind().capture(asked).value();
  ASSERT_TRUE(kind().apply(asked, before).ok());
  parent.bear();
  EXPECT_EQ(kind().revert(asked, before)->ending, Ending::restored);
  EXPECT_EQ(place(parent.child()), home_->path());
  EXPECT_EQ(place(parent.orphan()), hierarchy_.mount);
  EXPECT_EQ(place(other.pid()), hierarchy_.mount);
}

TEST_F(CgroupFenceTest, UsesTheGroupAboveWhenTheFormerOneIsGone) {
  const Sleeper sleeper;
  auto former = std::make_unique<Group>(home_->path() + "/former");
  move(sleeper.id(), former->path());
  const json::object asked = params({sleeper.id()});
  const json::object before = kind().capture(asked).value();
  ASSERT_TRUE(kind().apply(asked, before).ok());
  former.reset();
  EXPECT_EQ(kind().revert(asked, before)->ending, Ending::restored);
  EXPECT_EQ(place(sleeper.pid()), home_->path());
}

TEST_F(CgroupFenceTest, LiftsItsLimitsWhenSomebodyMadeAGroupInside) {
  const Sleeper sleeper;
  const json::object asked = params({sleeper.id()});
  const json::object before = kind().capture(asked).value();
  ASSERT_TRUE(kind().apply(asked, before).ok());
  const Group inner(fence_ + "/inner");
  move(sleeper.id(), inner.path());
  const Result<Reverted> reverted = kind().revert(asked, before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::foreign);
  EXPECT_NE(reverted->detail.find("inner"), std::string::npos);
  EXPECT_EQ(place(sleeper.pid()), inner.path());
  EXPECT_EQ(sys::read_file(fence_ + "/cpu.cfs_quota_us").value(), "-1\n");
}

TEST_F(CgroupFenceTest, NamesTheProcessThatSomebodyMovedAway) {
  const Sleeper sleeper;
  const json::object asked = params({sleeper.id()});
  const json::object before = kind().capture(asked).value();
  ASSERT_TRUE(kind().apply(asked, before).ok());
  move(sleeper.id(), home_->path());
  const Result<Reverted> reverted = kind().revert(asked, before);
  ASSERT_TRUE(reverted.ok());
  EXPECT_EQ(reverted->ending, Ending::foreign);
  EXPECT_NE(reverted->detail.find(home_->path()), std::string::npos) << reverted->detail;
  EXPECT_FALSE(sys::exists(fence_));
}

TEST_F(CgroupFenceTest, LeavesNothingWhenAProcessIsGoneHalfWay) {
  const Sleeper first;
  json::object asked;
  json::object before;
  {
    const Sleeper second;
    asked = params({first.id(), second.id()});
    before = kind().capture(asked).value();
  }
  const Result<json::object> applied = kind().apply(asked, before);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::not_found);
  EXPECT_EQ(kind().revert(asked, before)->ending, Ending::restored);
  EXPECT_EQ(place(first.pid()), hierarchy_.mount);
  EXPECT_FALSE(sys::exists(fence_));
}

TEST_F(CgroupFenceTest, RefusesWhatItCouldNotUndo) {
  const Sleeper sleeper;
  const json::object good = params({sleeper.id()});
  const auto refuses = [&](std::string_view key, const json::value& value) {
    json::object bad = good;
    bad[key] = value;
    return !kind().capture(bad).ok() && !kind().footprint(bad).ok();
  };
  EXPECT_TRUE(refuses("path", json::string(home_->path() + "/mine")));
  EXPECT_TRUE(refuses("path", "/tmp/squall-test"));
  EXPECT_TRUE(refuses("path", "/sys/fs/cgroup/../../../tmp/squall-test"));
  EXPECT_TRUE(refuses("processes", json::array{}));
  EXPECT_TRUE(refuses("attributes", json::array{{{"name", "release_agent"}, {"value", "/x"}}}));
  EXPECT_TRUE(refuses("attributes", json::array{{{"name", "../cpu.shares"}, {"value", "2"}}}));
  EXPECT_TRUE(refuses("attributes", "cpu.max"));
  ASSERT_EQ(::mkdir(fence_.c_str(), 0755), 0);
  EXPECT_EQ(kind().capture(good).error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::change
