#include "witness/container_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::open;
using scenes::see;
using scenes::stays_off;

class ContainerRestarted : public scenes::WithDockerd {};

TEST_F(ContainerRestarted, SeesARestartByHand) {
  const auto eyes = open("container.restarted", params("fragile")).value();
  EXPECT_TRUE(stays_off(*eyes, 5));
  dockerd_->docker({"restart", "-t", "0", "fragile"});
  EXPECT_TRUE(see(*eyes, true).has_value());
}

TEST_F(ContainerRestarted, SeesWhatARestartPolicyStartsAgain) {
  const auto eyes = open("container.restarted", params("healed")).value();
  kill("healed");
  EXPECT_TRUE(see(*eyes, true).has_value());
}

TEST_F(ContainerRestarted, TakesNeitherAnEndNorAnotherProcessForARestart) {
  const auto eyes = open("container.restarted", params("fragile")).value();
  dockerd_->docker({"exec", "-d", "fragile", "/bin/sleep", "1000"});
  EXPECT_TRUE(stays_off(*eyes, 5));
  kill("fragile");
  EXPECT_TRUE(stays_off(*eyes, 30));
}

}  // namespace
}  // namespace squall::witness
