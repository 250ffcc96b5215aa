#include <set>

#include "sys/process.h"
#include "witness/control_group_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using scenes::ControlGroup;

// In a child: more children, which die with it.
void bear(int count) {
  const pid_t self = ::getpid();
  for (int i = 0; i < count; ++i) {
    if (::fork() != 0) continue;
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != self) ::_exit(0);
    while (true) ::pause();
  }
}

std::set<std::int64_t> own_children() {
  std::set<std::int64_t> children;
  for (const sys::Process& process : sys::list_processes()) {
    if (process.parent == ::getpid()) children.insert(process.id.pid);
  }
  return children;
}

class HostProcesses : public testing::Test {
 protected:
  void SetUp() override { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  void TearDown() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }

  // Orphans become children of this process, and count as tasks until somebody reaps them. Servers
  // that other tests of the program share live on.
  void reap_orphans() const {
    for (const std::int64_t pid : own_children()) {
      if (!before_.contains(pid)) ::waitpid(static_cast<pid_t>(pid), nullptr, 0);
    }
  }

 private:
  std::set<std::int64_t> before_ = own_children();
};

TEST_F(HostProcesses, CountsTheTasksOfTheNamedGroupExactly) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer adds a thread of its own to every process";
#endif
  const auto witness =
      scenes::open("host.processes", {{"at_least", 20}, {"group", ControlGroup::name()}});
  if (!witness.ok()) GTEST_SKIP() << witness.error().message;
  EXPECT_FALSE((*witness)->look()->on) << "there is no such group yet";
  ControlGroup group("pids");
  if (!group.is_made()) GTEST_SKIP() << "no control group can be made here";
  {
    const Child few([&] {
      static_cast<void>(group.move_in(::getpid()));
      bear(15);
    });
    EXPECT_TRUE(scenes::stays_off(**witness, 5)) << "16 are not enough";
    const Child more([&] {
      static_cast<void>(group.move_in(::getpid()));
      bear(7);
    });
    const auto on = scenes::see(**witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_EQ(on->dose, 24);
  }
  reap_orphans();
  EXPECT_TRUE(scenes::see(**witness, false).has_value());
}

TEST_F(HostProcesses, SeesTheWholeHostWhereNoGroupIsNamed) {
  const auto witness = scenes::open("host.processes", {{"at_least", 300}}).value();
  EXPECT_FALSE(witness->look()->on);
  {
    const Child many([] { bear(400); });
    EXPECT_TRUE(scenes::see(*witness, true).has_value());
  }
  reap_orphans();
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

}  // namespace
}  // namespace squall::witness
