#include <gmock/gmock.h>

#include "witness/service_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::open;
using scenes::see;
using scenes::stays_off;
using testing::HasSubstr;

class ServiceEnded : public scenes::WithSystemd {};

TEST_F(ServiceEnded, SeesAMainProcessKilledAndWhatTheManagerCounted) {
  const auto eyes = open("service.ended", params("healed.service")).value();
  EXPECT_TRUE(stays_off(*eyes, 5));
  kill("healed.service");
  const auto sighting = see(*eyes, true);
  ASSERT_TRUE(sighting.has_value());
  EXPECT_THAT(sighting->detail, HasSubstr("is no more"));
  sys::Patience patience(seconds(10));
  while (eyes->look()->detail.find("restarts 0 -> 1") == std::string::npos && !patience.is_over()) {
  }
  EXPECT_THAT(eyes->look()->detail, HasSubstr("restarts 0 -> 1"));
}

TEST_F(ServiceEnded, SeesNothingOfASignalThatOnlyStops) {
  const auto eyes = open("service.ended", params("fragile.service")).value();
  ::kill(static_cast<pid_t>(systemd_->pids_of("fragile.service").at(0)), SIGSTOP);
  EXPECT_TRUE(stays_off(*eyes, 10));
}

TEST_F(ServiceEnded, IsNotOpenedWhereNothingRuns) {
  systemd_->systemctl({"stop", "fragile.service"});
  const auto eyes = open("service.ended", params("fragile.service"));
  ASSERT_FALSE(eyes.ok());
  EXPECT_EQ(eyes.error().code, Code::not_found);
  EXPECT_THAT(eyes.error().message, HasSubstr("fragile.service has no main process: inactive"));
}

TEST(ServiceEndedElsewhere, SeesAServiceOfRunitAndS6Killed) {
  for (const auto& [manager, program] :
       {std::pair("runit", "/usr/bin/runsv"), std::pair("s6", "/usr/bin/s6-supervise")}) {
    const auto supervisor = sys::PrivateSupervisor::start(program);
    if (supervisor == nullptr) GTEST_SKIP() << program << " is not installed";
    const auto eyes =
        open("service.ended",
             {{"manager", manager}, {"control", supervisor->folder()}, {"unit", "victim"}})
            .value();
    EXPECT_TRUE(stays_off(*eyes)) << manager;
    ::kill(static_cast<pid_t>(supervisor->status().pid), SIGKILL);
    EXPECT_TRUE(see(*eyes, true).has_value()) << manager;
  }
}

}  // namespace
}  // namespace squall::witness
