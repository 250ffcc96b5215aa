#include "witness/control_group_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using scenes::ControlGroup;

TEST(MemoryStalled, SeesAProcessWaitForMemoryAndGoOn) {
  const ControlGroup group("memory");
  if (!group.is_made()) GTEST_SKIP() << "no control group can be made here";
  if (!group.is_v1() || !group.set("memory.oom_control", "1")) {
    GTEST_SKIP() << "the kernel's killer cannot be switched off here";
  }
  ASSERT_TRUE(group.set("memory.limit_in_bytes", "8M"));
  const Child child(scenes::grow_when_told);
  const auto witness =
      scenes::open("memory.stalled", {{"processes", json::array{child.params()}}}).value();
  ASSERT_TRUE(group.move_in(child.pid()));
  EXPECT_TRUE(scenes::stays_off(*witness)) << "it has not asked for memory yet";
  ::kill(child.pid(), SIGUSR1);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 1);
  const auto second = scenes::open("memory.stalled", {{"processes", json::array{child.params()}}});
  ASSERT_FALSE(second.ok()) << "it stalls already";
  EXPECT_EQ(second.error().code, Code::conflict);
  ASSERT_TRUE(group.set("memory.limit_in_bytes", "-1"));
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

}  // namespace
}  // namespace squall::witness
