// What the tests of the container witnesses share: a Docker daemon of our own with a container that
// stays down when it ends and one that is started again.
#pragma once

#include "sys/private_dockerd_test.h"
#include "witness/scenes_test.h"

namespace squall::witness::scenes {

class WithDockerd : public testing::Test {
 protected:
  void SetUp() override {
    if (dockerd_ == nullptr) GTEST_SKIP() << "no Docker daemon of our own can be had here";
    dockerd_->run_sleeper("fragile");
    dockerd_->run_sleeper("healed", {"--restart", "always"});
  }
  void TearDown() override {
    if (dockerd_ != nullptr) dockerd_->docker({"rm", "-f", "fragile", "healed"});
  }
  json::object params(const std::string& container, json::object more = {}) const {
    more["socket"] = dockerd_->socket();
    more["container"] = container;
    return more;
  }
  void kill(const std::string& container) const {
    ::kill(static_cast<pid_t>(dockerd_->pid_of(container)), SIGKILL);
  }

  sys::PrivateDockerd* dockerd_ = sys::PrivateDockerd::shared();
};

}  // namespace squall::witness::scenes
