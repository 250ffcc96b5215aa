#include "witness/power/power_scene_test.h"

namespace squall::witness {
namespace {

using scenes::PoweredChild;

class PowerOffline : public testing::Test {
 protected:
  void SetUp() override {
    if (!scenes::can_have_supplies()) GTEST_SKIP() << "needs root and /sys/class/power_supply";
  }
};

TEST_F(PowerOffline, SeesTheMainsGoAndComeBack) {
  const PoweredChild child;
  child.set("ADP1", "type", "Mains");
  child.set("ADP1", "online", "1");
  const auto witness = scenes::open("power.offline", child.params()).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  child.set("ADP1", "online", "0");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 1.0);
  EXPECT_EQ(on->detail, "ADP1 not online");
  child.set("ADP1", "online", "1");
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(PowerOffline, CountsOneAdapterWithPowerAsEnough) {
  const PoweredChild child;
  const auto witness = scenes::open("power.offline", child.params()).value();
  child.set("ADP2", "type", "USB");
  child.set("ADP2", "online", "1");
  child.set("ADP1", "type", "Mains");
  child.set("ADP1", "online", "0");
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST_F(PowerOffline, IsNotDeceivedByABatteryOrByNothing) {
  const PoweredChild child;
  const auto witness = scenes::open("power.offline", child.params()).value();
  child.set("BAT0", "type", "Battery");
  child.set("BAT0", "online", "0");
  EXPECT_TRUE(scenes::stays_off(*witness));
  EXPECT_EQ(witness->look()->detail, "there is no adapter");
}

TEST_F(PowerOffline, RefusesAnOutageThatIsThereAlready) {
  const PoweredChild child;
  child.set("AC", "type", "Mains");
  child.set("AC", "online", "0");
  const auto witness = scenes::open("power.offline", child.params());
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::witness
