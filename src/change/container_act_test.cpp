#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "sys/clock.h"
#include "sys/private_dockerd_test.h"

namespace squall::change {
namespace {

using testing::HasSubstr;

class ContainerAct : public testing::Test {
 protected:
  void SetUp() override {
    if (dockerd_ == nullptr) GTEST_SKIP() << "no Docker daemon of our own can be had here";
    dockerd_->run_sleeper("patient", {"--restart", "always"});
  }
  void TearDown() override {
    if (dockerd_ != nullptr) dockerd_->docker({"rm", "-f", "patient"});
  }
  json::object params(const std::string& act) const {
    return {
        {"socket", dockerd_->socket()}, {"container", "patient"}, {"act", act}, {"grace", "0 s"}};
  }
  // Waits until another main process runs than `first`.
  bool is_succeeded(std::int64_t first) const {
    const Duration deadline = sys::monotonic_now() + seconds(20);
    while (sys::monotonic_now() < deadline) {
      const std::int64_t now = dockerd_->pid_of("patient");
      if (now != 0 && now != first) return true;
    }
    return false;
  }

  const Kind& kind_ = *find(catalogue(), "container.act");
  sys::PrivateDockerd* dockerd_ = sys::PrivateDockerd::shared();
};

TEST_F(ContainerAct, KillsSoThatTheRestartPolicyActs) {
  const std::int64_t first = dockerd_->pid_of("patient");
  const json::object before = kind_.capture(params("kill")).value();
  ASSERT_TRUE(kind_.apply(params("kill"), before).ok());
  EXPECT_TRUE(is_succeeded(first));
  EXPECT_EQ(dockerd_->inspect("patient", ".RestartCount"), "1");
}

TEST_F(ContainerAct, KillsNobodyWhoTookThePlaceOfTheVictim) {
  json::object before = kind_.capture(params("kill")).value();
  before["start_ticks"] = integer_at(before, "start_ticks") - 1;
  const auto applied = kind_.apply(params("kill"), before);
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::not_found);
  EXPECT_EQ(dockerd_->inspect("patient", ".RestartCount"), "0");
}

TEST_F(ContainerAct, RestartsThroughTheDaemon) {
  const std::int64_t first = dockerd_->pid_of("patient");
  const json::object before = kind_.capture(params("restart")).value();
  const auto applied = kind_.apply(params("restart"), before);
  ASSERT_TRUE(applied.ok()) << applied.error().render();
  EXPECT_NE(dockerd_->pid_of("patient"), first);
  EXPECT_EQ(dockerd_->inspect("patient", ".State.Running"), "true");
}

TEST_F(ContainerAct, RefusesToRestartWhatWouldBeRemoved) {
  dockerd_->docker({"rm", "-f", "patient"});
  dockerd_->run_sleeper("patient", {"--rm"});
  const auto before = kind_.capture(params("restart"));
  ASSERT_FALSE(before.ok());
  EXPECT_EQ(before.error().code, Code::refused);
  EXPECT_THAT(before.error().message, HasSubstr("--rm"));
}

TEST_F(ContainerAct, RefusesTheContainerThatItRunsInItself) {
  // This test enters the control groups of the container, and so does its squall-reach.
  const std::string id = dockerd_->id_of("patient");
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const std::string group = *sys::PrivateGroup::v2_mount() + dockerd_->group() + "/" + id;
    if (!sys::write_control(group + "/cgroup.procs", "0").ok()) ::_exit(2);
    const auto touched = kind_.footprint(params("kill"));
    const bool is_refused = !touched.ok() && touched.error().code == Code::refused &&
                            touched.error().message.find("squall itself") != std::string::npos;
    ::_exit(is_refused ? 0 : 1);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

}  // namespace
}  // namespace squall::change
