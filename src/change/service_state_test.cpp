#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "sys/clock.h"
#include "sys/private_systemd_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

const std::string sleeper =
    "[Unit]\nDefaultDependencies=no\nStartLimitIntervalSec=0\n[Service]\n"
    "ExecStart=/bin/sleep 1000\n";

class ServiceState : public testing::Test {
 protected:
  void SetUp() override {
    systemd_ = sys::PrivateSystemd::start({{"victim.service", sleeper}});
    if (systemd_ == nullptr) GTEST_SKIP() << "no systemd of our own can be had here";
  }
  json::object params(const std::string& state, const std::string& unit = "victim.service") const {
    return {{"control", systemd_->socket()}, {"unit", unit}, {"state", state}};
  }
  json::object stop() const {
    const json::object before = kind_.capture(params("stopped")).value();
    EXPECT_TRUE(kind_.apply(params("stopped"), before).ok());
    return before;
  }

  const Kind& kind_ = *find(catalogue(), "service.state");
  std::unique_ptr<sys::PrivateSystemd> systemd_;
};

TEST_F(ServiceState, NamesTheProcessesOfTheUnitForTheGates) {
  const Footprint touched = kind_.footprint(params("stopped")).value();
  ASSERT_EQ(touched.processes.size(), 1U);
  EXPECT_EQ(touched.processes[0].pid, systemd_->pids_of("victim.service").at(0));
  EXPECT_TRUE(kind_.footprint(params("masked"))->processes.empty()) << "a mask stops nothing";
}

TEST_F(ServiceState, StopsNothingThatDoesNotRun) {
  systemd_->systemctl({"stop", "victim.service"});
  const auto before = kind_.capture(params("stopped"));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::conflict);
  EXPECT_THAT(before.error().message, HasSubstr("victim.service does not run: it is inactive"));
}

TEST_F(ServiceState, MasksNothingThatIsMaskedAlready) {
  systemd_->systemctl({"mask", "--runtime", "victim.service"});
  const auto before = kind_.capture(params("masked"));
  ASSERT_FALSE(before.ok());
  EXPECT_THAT(before.error().message, HasSubstr("victim.service is masked already"));
}

TEST_F(ServiceState, LeavesAUnitToWhoeverMaskedItMeanwhile) {
  const json::object before = stop();
  systemd_->systemctl({"mask", "--runtime", "victim.service"});
  const Result<Reverted> reverted = kind_.revert(params("stopped"), before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::foreign);
  EXPECT_THAT(reverted->detail, HasSubstr("somebody masked"));
  EXPECT_TRUE(systemd_->pids_of("victim.service").empty());
}

TEST_F(ServiceState, HasNothingToUndoWhereTheUnitWasRemoved) {
  const json::object before = stop();
  std::filesystem::remove(systemd_->folder() + "/units/victim.service");
  systemd_->systemctl({"daemon-reload"});
  EXPECT_EQ(kind_.revert(params("stopped"), before)->ending, Ending::gone);
  EXPECT_EQ(kind_.verify(params("stopped"), before).value(), Presence::absent);
}

TEST_F(ServiceState, TriesAgainLaterWhereTheManagerDoesNotAnswer) {
  const json::object before = stop();
  const json::object other = {{"control", "/nowhere/bus"}, {"unit", "victim.service"}};
  EXPECT_FALSE(kind_.revert(other, before).ok()) << "not answering is not gone";
}

TEST(ServiceStateGates, ProtectWhatTheWayBackNeeds) {
  const Kind& kind = *find(catalogue(), "service.state");
  for (const char* unit : {"dbus.service", "systemd-journald.service", "dbus.socket"}) {
    const auto touched = kind.footprint({{"unit", unit}});
    ASSERT_FALSE(touched.ok());
    EXPECT_EQ(touched.error().code, Code::refused) << touched.error().render();
  }
}

TEST(ServiceStateOfAHost, IsGoneWithTheProcessThatIsTheHost) {
  const Kind& kind = *find(catalogue(), "service.state");
  const json::object params{{"control", "/proc/1/root/run/bus"}, {"unit", "victim.service"}};
  const json::object before{{"host", {{"pid", 1}, {"start_ticks", 1}}}};
  EXPECT_EQ(kind.revert(params, before)->ending, Ending::gone) << "another process has its number";
  EXPECT_EQ(kind.verify(params, before).value(), Presence::absent);
}

}  // namespace
}  // namespace squall::change
