#include <gmock/gmock.h>

#include "witness/control_group_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using scenes::ControlGroup;

class LimitsProcesses : public testing::Test {
 protected:
  void SetUp() override {
    if (!group_.is_made()) GTEST_SKIP() << "no control group can be made here";
  }
  static json::object to(const Child& child, int most) {
    json::object params = child.params();
    params["most"] = most;
    return params;
  }
  ControlGroup group_{"pids"};
};

TEST_F(LimitsProcesses, SeesALimitAndTheForksThatItRefuses) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer adds a thread of its own to every process";
#endif
  ASSERT_TRUE(group_.set("pids.max", "1"));
  const Child child([] {
    ::signal(SIGUSR1, [](int) {
      if (::fork() == 0) ::_exit(0);
    });
  });
  const auto witness = scenes::open("limits.processes", to(child, 1)).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ASSERT_TRUE(group_.move_in(child.pid()));
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->detail, "a limit of 1 tasks, 1 there, 0 refused");
  EXPECT_EQ(on->dose, 1);
  ::kill(child.pid(), SIGUSR1);
  EXPECT_TRUE(scenes::comes_to_say(*witness, "a limit of 1 tasks, 1 there, 1 refused"));
  ASSERT_TRUE(group_.move_out(child.pid()));
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(LimitsProcesses, RefusesAProcessThatIsLimitedAlready) {
  ASSERT_TRUE(group_.set("pids.max", "5"));
  const Child child([this] { static_cast<void>(group_.move_in(::getpid())); });
  const auto witness = scenes::open("limits.processes", to(child, 8));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
  EXPECT_TRUE(scenes::open("limits.processes", to(child, 4)).ok()) << "5 is wider than 4";
}

}  // namespace
}  // namespace squall::witness
