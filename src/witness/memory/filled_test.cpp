#include <gmock/gmock.h>

#include "witness/control_group_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;
using scenes::ControlGroup;

constexpr std::size_t megabyte = 1 << 20;

Child taker(std::size_t bytes, const ControlGroup& group) {
  return Child([&, bytes] {
    static_cast<void>(group.move_in(::getpid()));
    scenes::take_memory(bytes);
  });
}

TEST(MemoryFilled, SeesWhatTheNamedGroupHoldsToThePercent) {
  const auto witness =
      scenes::open("memory.filled", {{"at_least", "40 MiB"}, {"group", ControlGroup::name()}});
  if (!witness.ok()) GTEST_SKIP() << witness.error().message;
  EXPECT_TRUE(scenes::stays_off(**witness, 5)) << "there is no such group yet";
  ControlGroup group("memory");
  if (!group.is_made()) GTEST_SKIP() << "no control group can be made here";
  EXPECT_TRUE(scenes::stays_off(**witness, 5)) << "it is empty";
  {
    const Child little = taker(20 * megabyte, group);
    EXPECT_TRUE(scenes::stays_off(**witness, 5)) << "it is not enough";
    const Child more = taker(30 * megabyte, group);
    const auto on = scenes::see(**witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_NEAR(on->dose, 50.0 * megabyte, 0.03 * 50 * megabyte);
    EXPECT_THAT(on->detail, testing::HasSubstr("available to the host"));
  }
  group.remove();
  const auto off = scenes::see(**witness, false);
  ASSERT_TRUE(off.has_value());
  EXPECT_EQ(off->dose, 0);
}

TEST(MemoryFilled, SeesTheWholeHostWhereNoGroupIsNamed) {
  const auto witness = scenes::open("memory.filled", {{"at_least", "300 MiB"}}).value();
  EXPECT_FALSE(witness->look()->on);
  const Child child([] { scenes::take_memory(512 * megabyte); });
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
}

TEST(MemoryFilled, RefusesAGroupThatExistsAlready) {
  const ControlGroup group("memory");
  if (!group.is_made()) GTEST_SKIP() << "no control group can be made here";
  const Child child = taker(megabyte, group);
  const auto witness =
      scenes::open("memory.filled", {{"at_least", "40 MiB"}, {"group", ControlGroup::name()}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::witness
