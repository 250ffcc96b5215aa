#include <gmock/gmock.h>

#include "witness/container_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::open;
using scenes::see;
using scenes::stays_off;
using testing::HasSubstr;

class ContainerState : public scenes::WithDockerd {
 protected:
  std::unique_ptr<Witness> witness(const std::string& container, const std::string& state) const {
    auto opened = open("container.state", params(container, {{"state", state}}));
    EXPECT_TRUE(opened.ok()) << opened.error().render();
    return opened.ok() ? std::move(*opened) : nullptr;
  }
};

TEST_F(ContainerState, SeesAPauseAndItsEndAndNoStoppedProcess) {
  const auto eyes = witness("fragile", "paused");
  const auto pid = static_cast<pid_t>(dockerd_->pid_of("fragile"));
  ::kill(pid, SIGSTOP);
  EXPECT_TRUE(stays_off(*eyes, 5)) << "a stopped process is no paused container";
  ::kill(pid, SIGCONT);
  dockerd_->docker({"pause", "fragile"});
  const auto paused = see(*eyes, true);
  ASSERT_TRUE(paused.has_value());
  EXPECT_EQ(paused->dose, 1.0);
  dockerd_->docker({"unpause", "fragile"});
  EXPECT_TRUE(see(*eyes, false).has_value());
}

TEST_F(ContainerState, SeesAStopAndTheStartAfterIt) {
  const auto down = witness("fragile", "stopped");
  const auto paused = witness("fragile", "paused");
  EXPECT_TRUE(stays_off(*down, 5));
  dockerd_->docker({"stop", "-t", "0", "fragile"});
  const auto sighting = see(*down, true);
  ASSERT_TRUE(sighting.has_value());
  EXPECT_THAT(sighting->detail, HasSubstr("has ended, and no other runs"));
  EXPECT_TRUE(stays_off(*paused, 5)) << "down is not paused";
  dockerd_->docker({"start", "fragile"});
  EXPECT_TRUE(see(*down, false).has_value());
}

TEST_F(ContainerState, SeesTheEndOfAStopWhoeverStartedTheContainer) {
  const auto eyes = witness("healed", "stopped");
  kill("healed");
  EXPECT_TRUE(see(*eyes, true).has_value());
  EXPECT_TRUE(see(*eyes, false).has_value()) << "its restart policy";
}

TEST_F(ContainerState, IsNotFooledByAnotherProcessInTheContainer) {
  dockerd_->docker({"exec", "-d", "fragile", "/bin/sleep", "1000"});
  const auto eyes = witness("fragile", "stopped");
  EXPECT_TRUE(stays_off(*eyes, 5));
  kill("fragile");
  EXPECT_TRUE(see(*eyes, true).has_value());
  EXPECT_FALSE(see(*eyes, false, milliseconds(50)).has_value()) << "what was executed is no main "
                                                                   "process";
}

TEST_F(ContainerState, SaysThatAContainerIsNotThereOrDoesNotRun) {
  const auto ghost = open("container.state", params("ghost"));
  ASSERT_FALSE(ghost.ok());
  EXPECT_EQ(ghost.error().code, Code::not_found);
  EXPECT_THAT(ghost.error().message, HasSubstr("No such container: ghost"));
  dockerd_->docker({"stop", "-t", "0", "fragile"});
  const auto down = open("container.state", params("fragile"));
  ASSERT_FALSE(down.ok());
  EXPECT_THAT(down.error().message, HasSubstr("fragile does not run: it is exited"));
}

TEST(ContainerStateElsewhere, SaysThatNoDaemonAnswers) {
  const auto nowhere =
      open("container.state", {{"socket", "/nowhere/docker.sock"}, {"container", "web"}});
  ASSERT_FALSE(nowhere.ok());
  EXPECT_EQ(nowhere.error().code, Code::unsupported);
  EXPECT_THAT(nowhere.error().message, HasSubstr("no container daemon answers"));
}

}  // namespace
}  // namespace squall::witness
