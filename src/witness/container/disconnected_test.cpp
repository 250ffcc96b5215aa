#include <gmock/gmock.h>

#include "witness/container_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::open;
using scenes::see;
using scenes::stays_off;
using testing::HasSubstr;

class ContainerDisconnected : public scenes::WithDockerd {
 protected:
  void SetUp() override {
    WithDockerd::SetUp();
    if (dockerd_ == nullptr) return;
    for (const char* network : {"front", "back"}) dockerd_->docker({"network", "create", network});
    dockerd_->run_sleeper("victim", {"--network", "front"});
    dockerd_->docker({"network", "connect", "back", "victim"});
  }
  void TearDown() override {
    if (dockerd_ == nullptr) return;
    dockerd_->docker({"rm", "-f", "victim"});
    dockerd_->docker({"network", "rm", "front", "back"});
    WithDockerd::TearDown();
  }
};

TEST_F(ContainerDisconnected, SeesEachInterfaceGoAndComeBack) {
  const auto eyes = open("container.disconnected", params("victim")).value();
  EXPECT_TRUE(stays_off(*eyes, 5));
  dockerd_->docker({"network", "disconnect", "front", "victim"});
  const auto one = see(*eyes, true);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->dose, 1.0);
  EXPECT_THAT(one->detail, HasSubstr("interfaces: eth1; there were: "));
  dockerd_->docker({"network", "disconnect", "back", "victim"});
  EXPECT_EQ(eyes->look()->dose, 2.0);
  for (const char* network : {"front", "back"}) {
    dockerd_->docker({"network", "connect", network, "victim"});
  }
  EXPECT_TRUE(see(*eyes, false).has_value());
}

TEST_F(ContainerDisconnected, DoesNotTakeAPauseForIt) {
  const auto eyes = open("container.disconnected", params("victim")).value();
  dockerd_->docker({"pause", "victim"});
  EXPECT_TRUE(stays_off(*eyes, 5));
  dockerd_->docker({"unpause", "victim"});
}

TEST_F(ContainerDisconnected, CannotSeeWhereNothingCouldGo) {
  dockerd_->run_sleeper("lonely", {"--network", "none"});
  const auto lonely = open("container.disconnected", params("lonely"));
  ASSERT_FALSE(lonely.ok());
  EXPECT_EQ(lonely.error().code, Code::not_found);
  dockerd_->docker({"rm", "-f", "lonely"});
  const auto eyes = open("container.disconnected", params("victim")).value();
  kill("victim");
  const auto blind = see(*eyes, true, milliseconds(50));
  EXPECT_FALSE(blind.has_value()) << "a container that ended is not one without a network";
}

}  // namespace
}  // namespace squall::witness
