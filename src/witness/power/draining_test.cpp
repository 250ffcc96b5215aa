#include "witness/power/power_scene_test.h"

namespace squall::witness {
namespace {

using scenes::PoweredChild;

class PowerDraining : public testing::Test {
 protected:
  void SetUp() override {
    if (!scenes::can_have_supplies()) GTEST_SKIP() << "needs root and /sys/class/power_supply";
  }
};

TEST_F(PowerDraining, SeesABatteryRunOutAndBePluggedIn) {
  const PoweredChild child;
  const auto witness = scenes::open("power.draining", child.params()).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  child.set("BAT7", "type", "Battery");
  child.set("BAT7", "capacity", "42");
  child.set("BAT7", "status", "Charging");
  EXPECT_TRUE(scenes::stays_off(*witness));
  child.set("BAT7", "status", "Discharging");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 42.0);
  EXPECT_EQ(on->detail, "BAT7 is discharging at 42 %");
  child.set("BAT7", "capacity", "7");
  EXPECT_EQ(witness->look()->dose, 7.0);
  child.remove("BAT7");
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(PowerDraining, SeesNothingOfWhatOnlyTheHostSees) {
  const PoweredChild child;
  const PoweredChild other;
  const auto witness = scenes::open("power.draining", child.params()).value();
  other.set("BAT0", "type", "Battery");
  other.set("BAT0", "capacity", "5");
  other.set("BAT0", "status", "Discharging");
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(PowerDraining, SeesNothingInFilesThatMakeNoSense) {
  const PoweredChild child;
  const auto witness = scenes::open("power.draining", child.params()).value();
  child.set("BAT0", "type", "Battery");
  child.set("BAT0", "status", "Discharging");
  child.set("BAT0", "capacity", "full of water");
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(PowerDraining, RefusesABatteryThatDrainsAlready) {
  const PoweredChild child;
  child.set("BAT0", "type", "Battery");
  child.set("BAT0", "status", "Discharging");
  child.set("BAT0", "capacity", "50");
  const auto witness = scenes::open("power.draining", child.params());
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::witness
