#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "change/change.h"
#include "change/holder.h"
#include "change/supply_folder.h"
#include "change/targets_power_test.h"
#include "sys/clock.h"
#include "sys/patience.h"

namespace squall::change {
namespace {

using testing::AllOf;
using testing::HasSubstr;

const Kind& kind() {
  return *find(catalogue(), "power.supply");
}

TEST(SupplyFiles, ShowABatteryThatDrainsEvenly) {
  const SupplyCurve curve{.from = 0.8, .to = 0.2, .over = minutes(60)};
  auto files = supply_files(curve, {});
  EXPECT_EQ(files["BAT0/capacity"], "80\n");
  EXPECT_EQ(files["BAT0/status"], "Discharging\n");
  EXPECT_EQ(files["BAT0/energy_now"], "40000000\n");
  EXPECT_EQ(files["BAT0/power_now"], "30000000\n") << "60 % of 50 Wh in an hour";
  EXPECT_EQ(files["AC/online"], "0\n");
  files = supply_files(curve, minutes(30));
  EXPECT_EQ(files["BAT0/capacity"], "50\n");
  EXPECT_EQ(files["BAT0/voltage_now"], "11550000\n");
  files = supply_files(curve, minutes(90));
  EXPECT_EQ(files["BAT0/capacity"], "20\n");
  EXPECT_EQ(files["BAT0/power_now"], "0\n");
  EXPECT_THAT(files["BAT0/uevent"],
              AllOf(HasSubstr("POWER_SUPPLY_NAME=BAT0\n"), HasSubstr("POWER_SUPPLY_CAPACITY=20\n"),
                    HasSubstr("POWER_SUPPLY_STATUS=Discharging\n")));
}

TEST(SupplyFiles, TellLevelsAndChargingApart) {
  EXPECT_EQ(supply_files({.from = 0.04, .to = 0.04}, {})["BAT0/capacity_level"], "Critical\n");
  EXPECT_EQ(supply_files({.from = 0.1, .to = 0.1}, {})["BAT0/capacity_level"], "Low\n");
  SupplyCurve curve{.from = 0.1, .to = 1, .over = minutes(1), .mains_online = true};
  EXPECT_EQ(supply_files(curve, {})["BAT0/status"], "Charging\n");
  EXPECT_EQ(supply_files(curve, minutes(1))["BAT0/status"], "Full\n");
  EXPECT_EQ(supply_files(curve, {})["AC/online"], "1\n");
}

class PowerSupply : public testing::Test {
 protected:
  void SetUp() override {
    if (!can_have_power_victims()) GTEST_SKIP() << "needs root and /sys/class/power_supply";
  }
  static json::object draining(json::object params, std::string_view over) {
    params["from"] = "90 %";
    params["to"] = "10 %";
    params["over"] = over;
    return params;
  }
};

TEST_F(PowerSupply, KeepsTheChargeGoing) {
  const PowerVictim victim;
  const json::object params = draining(victim.params(), "400 ms");
  const json::object before = kind().capture(params).value();
  Holder holder = Holder::start(kind(), params, before, seconds(2)).value();
  EXPECT_EQ(victim.read("AC/online"), "0");
  EXPECT_EQ(victim.read("BAT0/status"), "Discharging");
  sys::Patience patience(seconds(5));
  while (victim.read("BAT0/capacity") != "10" && !patience.is_over()) {
    sys::Patience(milliseconds(5)).wait({});
  }
  EXPECT_EQ(victim.read("BAT0/capacity"), "10");
  EXPECT_GE(patience.spent(), milliseconds(300));
  holder.release(seconds(1));
  EXPECT_EQ(kind().verify(params, before).value(), Presence::in_force) << "the mount stays";
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::restored);
  EXPECT_EQ(victim.read("BAT0/capacity"), "missing");
}

TEST_F(PowerSupply, IsMissedWhenSomebodyUnmountsIt) {
  const PowerVictim victim;
  const json::object params = draining(victim.params(), "1 min");
  const json::object before = kind().capture(params).value();
  Holder holder = Holder::start(kind(), params, before, seconds(2)).value();
  victim.run({"umount", "-l", "/sys/class/power_supply"});
  sys::Patience patience(seconds(5));
  while (holder.check() && !patience.is_over()) sys::Patience(milliseconds(5)).wait({});
  EXPECT_FALSE(holder.check());
  holder.release({});
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::was_absent);
}

TEST_F(PowerSupply, GoesAwayWithTheNamespace) {
  auto victim = std::make_unique<PowerVictim>();
  const json::object params = draining(victim->params(), "1 min");
  const json::object before = kind().capture(params).value();
  Holder holder = Holder::start(kind(), params, before, seconds(2)).value();
  victim.reset();
  EXPECT_EQ(kind().verify(params, before).value(), Presence::in_force) << "the holder is in it";
  holder.release(seconds(1));
  EXPECT_EQ(kind().revert(params, before)->ending, Ending::gone);
  EXPECT_EQ(kind().verify(params, before).value(), Presence::absent);
}

TEST_F(PowerSupply, RefusesWhatTheHostWouldSeeToo) {
  const sys::Process self = sys::read_process(::getpid()).value();
  const json::object params = draining(
      {{"pid", self.id.pid}, {"start_ticks", static_cast<std::int64_t>(self.id.start_ticks)}},
      "1 min");
  const Result<json::object> before = kind().capture(params);
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::unsupported);
  EXPECT_THAT(before.error().message, HasSubstr("they share a mount namespace"));
  EXPECT_THAT(before.error().next, HasSubstr("PrivateMounts=yes"));
}

TEST_F(PowerSupply, RefusesAVictimWithoutTheFolder) {
  const PowerVictim victim;
  victim.run({"mount", "-t", "tmpfs", "empty", "/sys"});
  const Result<json::object> before = kind().capture(draining(victim.params(), "1 min"));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::unsupported);
  EXPECT_THAT(before.error().message, HasSubstr("has no folder /sys/class/power_supply"));
}

TEST_F(PowerSupply, SharesItsNamespaceAsOneResource) {
  const PowerVictim victim;
  const Footprint footprint = kind().footprint(draining(victim.params(), "1 min")).value();
  ASSERT_EQ(footprint.resources.size(), 1U);
  EXPECT_THAT(footprint.resources[0], HasSubstr("power supply of mnt:["));
  ASSERT_EQ(footprint.processes.size(), 1U);
}

}  // namespace
}  // namespace squall::change
