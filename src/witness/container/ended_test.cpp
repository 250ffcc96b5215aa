#include <gmock/gmock.h>

#include "witness/container_scenes_test.h"

namespace squall::witness {
namespace {

using scenes::comes_to_say;
using scenes::open;
using scenes::see;
using scenes::stays_off;
using testing::HasSubstr;

class ContainerEnded : public scenes::WithDockerd {};

TEST_F(ContainerEnded, SeesAMainProcessKilledAndNobodyInItsPlace) {
  const auto eyes = open("container.ended", params("fragile")).value();
  EXPECT_TRUE(stays_off(*eyes, 5));
  kill("fragile");
  const auto sighting = see(*eyes, true);
  ASSERT_TRUE(sighting.has_value());
  EXPECT_THAT(sighting->detail, HasSubstr("is no more; none runs, started again 0 times"));
}

TEST_F(ContainerEnded, CountsHowOftenItWasStartedAgain) {
  const std::string first = std::to_string(dockerd_->pid_of("healed"));
  const auto eyes = open("container.ended", params("healed")).value();
  kill("healed");
  ASSERT_TRUE(see(*eyes, true).has_value());
  EXPECT_TRUE(comes_to_say(
      *eyes, "main process " + first + " is no more; another runs, started again 1 times"));
  kill("healed");
  EXPECT_TRUE(comes_to_say(
      *eyes, "main process " + first + " is no more; another runs, started again 2 times"));
}

TEST_F(ContainerEnded, SeesNothingOfASignalThatOnlyStops) {
  const auto eyes = open("container.ended", params("fragile")).value();
  const auto pid = static_cast<pid_t>(dockerd_->pid_of("fragile"));
  ::kill(pid, SIGSTOP);
  EXPECT_TRUE(stays_off(*eyes, 10));
  ::kill(pid, SIGTERM);  // process 1 of a namespace takes no signal that it has no handler for
  ::kill(pid, SIGCONT);
  EXPECT_TRUE(stays_off(*eyes, 10));
}

}  // namespace
}  // namespace squall::witness
