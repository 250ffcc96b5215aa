#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "sys/container.h"
#include "sys/private_dockerd_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

class ContainerLimits : public testing::Test {
 protected:
  void SetUp() override {
    if (dockerd_ == nullptr) GTEST_SKIP() << "no Docker daemon of our own can be had here";
    dockerd_->run_sleeper("patient");
  }
  void TearDown() override {
    if (dockerd_ != nullptr) dockerd_->docker({"rm", "-f", "patient"});
  }
  json::object params(json::object limits) const {
    limits["socket"] = dockerd_->socket();
    limits["container"] = "patient";
    return limits;
  }
  // What any of its control groups shows in this file.
  std::string shown(const std::string& file) const {
    const sys::Process main = sys::read_process(dockerd_->pid_of("patient")).value();
    for (const std::string& group : sys::container_groups(main.id, dockerd_->id_of("patient"))) {
      const Result<std::string> text = sys::read_file(group + "/" + file);
      if (text.ok()) return *text;
    }
    return "";
  }
  std::string memory() const { return shown("memory.max") + shown("memory.limit_in_bytes"); }

  const Kind& kind_ = *find(catalogue(), "container.limits");
  sys::PrivateDockerd* dockerd_ = sys::PrivateDockerd::shared();
};

TEST_F(ContainerLimits, TakeBackAMemoryLimitWhereThereWasNone) {
  const json::object all = params({{"memory", "64 MiB"}, {"cpu", "50 %"}, {"processes", 10}});
  const std::string unlimited = memory();
  const json::object before = kind_.capture(all).value();
  const auto applied = kind_.apply(all, before);
  ASSERT_TRUE(applied.ok()) << applied.error().render();
  EXPECT_EQ(memory(), "67108864\n");
  EXPECT_EQ(shown("pids.max"), "10\n");
  EXPECT_EQ(kind_.revert(all, before)->ending, Ending::restored);
  EXPECT_EQ(memory(), unlimited);
  EXPECT_EQ(shown("pids.max"), "max\n");
  EXPECT_EQ(dockerd_->inspect("patient", ".HostConfig.Memory"), "0") << "its daemon knows nothing";
}

TEST_F(ContainerLimits, AreUndoneWhereOnlySomeOfThemWereSet) {
  const json::object all = params({{"cpu", "50 %"}, {"processes", 10}});
  const json::object before = kind_.capture(all).value();
  ASSERT_TRUE(
      kind_.apply(params({{"cpu", "50 %"}}), kind_.capture(params({{"cpu", "50 %"}})).value())
          .ok());
  EXPECT_EQ(kind_.verify(all, before).value(), Presence::in_force);
  EXPECT_EQ(kind_.revert(all, before)->ending, Ending::restored);
  EXPECT_EQ(kind_.verify(all, before).value(), Presence::absent);
}

TEST_F(ContainerLimits, LeaveWhatSomebodyChangedAndUndoTheRest) {
  const json::object all = params({{"cpu", "50 %"}, {"processes", 10}});
  const json::object before = kind_.capture(all).value();
  ASSERT_TRUE(kind_.apply(all, before).ok());
  dockerd_->docker({"update", "--pids-limit", "77", "patient"});
  EXPECT_EQ(kind_.verify(all, before).value(), Presence::foreign);
  const Reverted reverted = kind_.revert(all, before).value();
  EXPECT_EQ(reverted.ending, Ending::foreign);
  EXPECT_THAT(reverted.detail, HasSubstr("somebody else wrote \"77\" to "));
  EXPECT_EQ(shown("pids.max"), "77\n");
  EXPECT_EQ(shown("cpu.cfs_quota_us") + shown("cpu.max"),
            shown("cpu.max").empty() ? "-1\n" : "max 100000\n");
}

TEST_F(ContainerLimits, AreGoneWithTheContainerThatHadThem) {
  const json::object all = params({{"processes", 10}});
  const json::object before = kind_.capture(all).value();
  ASSERT_TRUE(kind_.apply(all, before).ok());
  dockerd_->docker({"restart", "-t", "0", "patient"});
  EXPECT_EQ(kind_.revert(all, before)->ending, Ending::gone);
  EXPECT_EQ(shown("pids.max"), "max\n");
}

}  // namespace
}  // namespace squall::change
