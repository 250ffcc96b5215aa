#include "witness/service_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::open;
using scenes::see;
using scenes::stays_off;

class ServiceRestarted : public scenes::WithSystemd {};

TEST_F(ServiceRestarted, SeesARestartByHand) {
  const auto eyes = open("service.restarted", params("fragile.service")).value();
  EXPECT_TRUE(stays_off(*eyes, 5));
  systemd_->systemctl({"restart", "fragile.service"});
  EXPECT_TRUE(see(*eyes, true).has_value());
}

TEST_F(ServiceRestarted, SeesWhatTheManagerStartsAgainByItself) {
  const auto eyes = open("service.restarted", params("healed.service")).value();
  kill("healed.service");
  EXPECT_TRUE(see(*eyes, true).has_value());
}

TEST_F(ServiceRestarted, DoesNotTakeAnEndForARestart) {
  const auto eyes = open("service.restarted", params("fragile.service")).value();
  kill("fragile.service");
  EXPECT_TRUE(stays_off(*eyes, 30));
}

TEST_F(ServiceRestarted, WaitsForAServiceThatIsJustBeingRestarted) {
  kill("healed.service");
  const auto eyes = open("service.restarted", params("healed.service"));
  EXPECT_TRUE(eyes.ok()) << eyes.error().render();
}

}  // namespace
}  // namespace squall::witness
