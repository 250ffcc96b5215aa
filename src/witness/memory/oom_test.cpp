#include <gmock/gmock.h>

#include "witness/control_group_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using scenes::ControlGroup;

class MemoryOom : public testing::Test {
 protected:
  void SetUp() override {
    if (!group_.is_made()) GTEST_SKIP() << "no control group can be made here";
    ASSERT_TRUE(group_.set(group_.is_v1() ? "memory.limit_in_bytes" : "memory.max", "8M"));
  }
  static std::unique_ptr<Witness> open(const Child& child) {
    return scenes::open("memory.oom", {{"processes", json::array{child.params()}}}).value();
  }
  ControlGroup group_{"memory"};
};

TEST_F(MemoryOom, SeesARealKillOfAProcessThatWasMovedUnderALimit) {
  const Child child(scenes::grow_when_told);
  const auto witness = open(child);
  ASSERT_TRUE(group_.move_in(child.pid()));
  EXPECT_TRUE(scenes::stays_off(*witness)) << "a limit is no kill";
  ::kill(child.pid(), SIGUSR1);
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 1);
  EXPECT_EQ(on->detail, "1 killed for want of memory in the group");
}

TEST_F(MemoryOom, SeesAKillEvenWhenItWasNotLookingMeanwhile) {
  const Child child(scenes::grow_when_told);
  const auto witness = open(child);
  ASSERT_TRUE(group_.move_in(child.pid()));
  ::kill(child.pid(), SIGUSR1);
  siginfo_t info{};
  ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT), 0);
  ASSERT_EQ(info.si_code, CLD_KILLED);
  const Sighting first = witness->look().value();
  EXPECT_TRUE(first.on);
  EXPECT_THAT(first.detail, testing::HasSubstr("the host counts"));
}

TEST_F(MemoryOom, SeesNothingInADeathOfAnotherKind) {
  const Child child(scenes::grow_when_told);
  const auto witness = open(child);
  ASSERT_TRUE(group_.move_in(child.pid()));
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  ::kill(child.pid(), SIGKILL);
  siginfo_t info{};
  ::waitid(P_PID, static_cast<id_t>(child.pid()), &info, WEXITED | WNOWAIT);
  const Sighting after = witness->look().value();
  EXPECT_FALSE(after.on);
  EXPECT_EQ(after.detail, "no kill; 1 of 1 processes have ended");
}

TEST_F(MemoryOom, CountsNoKillFromBefore) {
  {
    const Child early([this] {
      static_cast<void>(group_.move_in(::getpid()));
      scenes::grow_when_told();
    });
    ::kill(early.pid(), SIGUSR1);
    siginfo_t info{};
    ASSERT_EQ(::waitid(P_PID, static_cast<id_t>(early.pid()), &info, WEXITED | WNOWAIT), 0);
  }
  const Child child([this] { static_cast<void>(group_.move_in(::getpid())); });
  const auto witness = open(child);
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(MemoryOom, RefusesAListOfNobody) {
  const auto witness = scenes::open("memory.oom", {{"processes", json::array{}}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::invalid);
}

}  // namespace
}  // namespace squall::witness
