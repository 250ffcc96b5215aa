#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "sys/private_dockerd_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

class ContainerNetwork : public testing::Test {
 protected:
  void SetUp() override {
    if (dockerd_ == nullptr) GTEST_SKIP() << "no Docker daemon of our own can be had here";
    dockerd_->docker({"network", "create", "--subnet", "10.78.0.0/24", "chosen"});
    dockerd_->docker({"network", "create", "given"});
    dockerd_->run_sleeper("patient",
                          {"--network", "chosen", "--ip", "10.78.0.9", "--network-alias", "shop"});
  }
  void TearDown() override {
    if (dockerd_ == nullptr) return;
    dockerd_->docker({"rm", "-f", "patient", "rival"});
    dockerd_->docker({"network", "rm", "chosen", "given"});
  }
  json::object params(const std::string& network = "") const {
    return {{"socket", dockerd_->socket()}, {"container", "patient"}, {"network", network}};
  }
  json::object disconnect(const std::string& network = "") const {
    const json::object before = kind_.capture(params(network)).value();
    const auto applied = kind_.apply(params(network), before);
    EXPECT_TRUE(applied.ok()) << applied.error().render();
    EXPECT_EQ(kind_.verify(params(network), before).value(), Presence::in_force);
    return before;
  }
  std::string networks() const { return dockerd_->inspect("patient", ".NetworkSettings.Networks"); }
  std::string problem(const std::string& network = "") const {
    const auto before = kind_.capture(params(network));
    return before.ok() ? "" : before.error().render() + " / " + before.error().next;
  }

  const Kind& kind_ = *find(catalogue(), "container.network");
  sys::PrivateDockerd* dockerd_ = sys::PrivateDockerd::shared();
};

TEST_F(ContainerNetwork, GivesTheChosenAddressAndTheAliasesBack) {
  const json::object before = disconnect();
  EXPECT_EQ(networks(), "{}");
  const auto reverted = kind_.revert(params(), before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::restored);
  EXPECT_EQ(reverted->detail, "");
  EXPECT_THAT(networks(), HasSubstr(R"("IPAMConfig":{"IPv4Address":"10.78.0.9"})"));
  EXPECT_THAT(networks(), HasSubstr(R"("Aliases":["shop",)"));
  EXPECT_EQ(canonical_json(kind_.capture(params()).value()), canonical_json(before));
}

TEST_F(ContainerNetwork, SaysWhenAnAddressThatNobodyChoseBecameAnother) {
  dockerd_->docker({"network", "connect", "given", "patient"});
  const json::object before = disconnect("given");
  dockerd_->run_sleeper("rival", {"--network", "given"});  // takes the address that became free
  const auto reverted = kind_.revert(params("given"), before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::restored);
  EXPECT_THAT(reverted->detail, HasSubstr(", it was " + text_at(before, "address")));
}

TEST_F(ContainerNetwork, LeavesWhatSomebodyConnectedInAnotherWay) {
  const json::object before = disconnect();
  dockerd_->docker({"network", "connect", "--alias", "other", "chosen", "patient"});
  EXPECT_EQ(kind_.verify(params(), before).value(), Presence::foreign);
  EXPECT_EQ(kind_.revert(params(), before)->ending, Ending::foreign);
  EXPECT_THAT(networks(), HasSubstr(R"("Aliases":["other",)"));
}

TEST_F(ContainerNetwork, HasNothingToUndoWhereTheNetworkWasRemoved) {
  const json::object before = disconnect();
  dockerd_->docker({"network", "rm", "chosen"});
  const auto reverted = kind_.revert(params(), before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::gone);
  EXPECT_THAT(reverted->detail, HasSubstr("the network chosen was removed"));
}

TEST_F(ContainerNetwork, WantsToKnowWhichNetworkIsMeant) {
  EXPECT_THAT(problem("ghost"), HasSubstr("is not connected to \"ghost\" / it has: chosen"));
  dockerd_->docker({"network", "connect", "given", "patient"});
  EXPECT_THAT(problem(), HasSubstr("has 2 networks / name one of them: chosen, given"));
  EXPECT_EQ(problem("given"), "");
  dockerd_->docker({"rm", "-f", "patient"});
  dockerd_->run_sleeper("patient", {"--network", "none"});
  EXPECT_THAT(problem(), HasSubstr("cannot be taken from it"));
}

}  // namespace
}  // namespace squall::change
