#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "sys/container.h"
#include "sys/private_dockerd_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

class ContainerState : public testing::Test {
 protected:
  void SetUp() override {
    if (dockerd_ == nullptr) GTEST_SKIP() << "no Docker daemon of our own can be had here";
    dockerd_->run_sleeper("patient");
  }
  void TearDown() override {
    if (dockerd_ != nullptr) dockerd_->docker({"rm", "-f", "patient"});
  }
  json::object params(const std::string& state, const std::string& name = "patient") const {
    return {{"socket", dockerd_->socket()},
            {"container", name},
            {"state", state},
            {"grace", state == "paused" ? "2 s" : "1 s"}};
  }
  json::object change(const std::string& state) const {
    const json::object before = kind_.capture(params(state)).value();
    const auto applied = kind_.apply(params(state), before);
    EXPECT_TRUE(applied.ok()) << applied.error().render();
    return before;
  }

  const Kind& kind_ = *find(catalogue(), "container.state");
  sys::PrivateDockerd* dockerd_ = sys::PrivateDockerd::shared();
};

TEST_F(ContainerState, NamesTheProcessesForTheGatesAndTheContainerForOthers) {
  const Footprint touched = kind_.footprint(params("stopped")).value();
  ASSERT_EQ(touched.processes.size(), 1U);
  EXPECT_EQ(touched.processes[0].pid, dockerd_->pid_of("patient"));
  const std::string id = dockerd_->id_of("patient");
  EXPECT_EQ(touched.resources, std::vector<std::string>{"container " + id + " activity"});
  const Footprint by_id = kind_.footprint(params("paused", id.substr(0, 12))).value();
  EXPECT_EQ(by_id.resources, touched.resources) << "one container, whatever it is called by";
}

TEST_F(ContainerState, TouchesNothingThatDoesNotRun) {
  dockerd_->docker({"pause", "patient"});
  const auto paused = kind_.capture(params("stopped"));
  ASSERT_FALSE(paused.ok());
  EXPECT_EQ(paused.error().code, Code::conflict);
  EXPECT_THAT(paused.error().message, HasSubstr("patient does not run: it is paused"));
  dockerd_->docker({"rm", "-f", "patient"});
  EXPECT_EQ(kind_.capture(params("paused")).error().code, Code::not_found);
}

TEST_F(ContainerState, RefusesToStopWhatIsRemovedWhenItStops) {
  dockerd_->docker({"rm", "-f", "patient"});
  dockerd_->run_sleeper("patient", {"--rm"});
  const auto before = kind_.capture(params("stopped"));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::refused);
  EXPECT_THAT(before.error().message, HasSubstr("--rm"));
  EXPECT_TRUE(kind_.capture(params("paused")).ok()) << "a pause can be undone";
}

TEST_F(ContainerState, HasNothingToUndoWhereTheContainerWasRemoved) {
  const json::object before = change("paused");
  dockerd_->docker({"rm", "-f", "patient"});
  dockerd_->run_sleeper("patient");
  EXPECT_EQ(kind_.revert(params("paused"), before)->ending, Ending::gone)
      << "another container of that name is another's";
  EXPECT_EQ(kind_.verify(params("paused"), before).value(), Presence::absent);
}

TEST_F(ContainerState, TriesAgainLaterWhereTheDaemonDoesNotAnswer) {
  const json::object before = change("paused");
  json::object elsewhere = params("paused");
  elsewhere["socket"] = "/nowhere/docker.sock";
  const auto reverted = kind_.revert(elsewhere, before);
  ASSERT_FALSE(reverted.ok()) << "not answering is not gone";
  EXPECT_THAT(reverted.error().message, HasSubstr("no container daemon answers"));
  EXPECT_EQ(kind_.revert(params("paused"), before)->ending, Ending::restored);
}

TEST_F(ContainerState, StartsAgainWhatWasOnItsWayDownWhenNobodyWaitedAnyMore) {
  const json::object before = kind_.capture(params("stopped")).value();
  const std::int64_t first = dockerd_->pid_of("patient");
  // The order without its end: pid 1 takes no SIGTERM, so that it lasts for the grace of 1 s.
  std::jthread order([this] { dockerd_->docker({"stop", "-t", "1", "patient"}); });
  const auto reverted = kind_.revert(params("stopped"), before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_EQ(reverted->ending, Ending::restored);
  order.join();
  EXPECT_EQ(dockerd_->inspect("patient", ".State.Running"), "true");
  EXPECT_NE(dockerd_->pid_of("patient"), first);
}

TEST_F(ContainerState, LeavesARunningContainerAloneWhereNothingWasDone) {
  const json::object before = kind_.capture(params("stopped")).value();
  const std::int64_t first = dockerd_->pid_of("patient");
  EXPECT_EQ(kind_.revert(params("stopped"), before)->ending, Ending::was_absent);
  EXPECT_EQ(kind_.revert(params("paused"), before)->ending, Ending::was_absent);
  EXPECT_EQ(dockerd_->pid_of("patient"), first);
}

}  // namespace
}  // namespace squall::change
