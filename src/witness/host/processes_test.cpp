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

// Orphans become children of this process, and count as tasks until somebody reaps them.
void reap_all() {
  while (::waitpid(-1, nullptr, 0) > 0) {
  }
}

class HostProcesses : public testing::Test {
 protected:
  void SetUp() override { ::prctl(PR_SET_CHILD_SUBREAPER, 1); }
  void TearDown() override { ::prctl(PR_SET_CHILD_SUBREAPER, 0); }
};

TEST_F(HostProcesses, CountsTheTasksOfTheNamedGroupExactly) {
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
  reap_all();
  EXPECT_TRUE(scenes::see(**witness, false).has_value());
}

TEST_F(HostProcesses, SeesTheWholeHostWhereNoGroupIsNamed) {
  const auto witness = scenes::open("host.processes", {{"at_least", 300}}).value();
  EXPECT_FALSE(witness->look()->on);
  {
    const Child many([] { bear(400); });
    EXPECT_TRUE(scenes::see(*witness, true).has_value());
  }
  reap_all();
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

}  // namespace
}  // namespace squall::witness
