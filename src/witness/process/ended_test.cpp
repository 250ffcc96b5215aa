#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using scenes::Child;

TEST(ProcessEnded, SeesAKillAlthoughTheBodyIsStillAZombie) {
  const Child child;
  const auto witness = scenes::open("process.ended", child.params()).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(child.pid(), SIGKILL);
  const auto sighting = scenes::see(*witness, true);
  ASSERT_TRUE(sighting.has_value());
  EXPECT_EQ(sighting->dose, 1.0);
  EXPECT_EQ(sys::read_process(child.pid()).value().state, 'Z') << "nobody has waited for it yet";
}

TEST(ProcessEnded, SeesNothingWhenTheSignalOnlyStops) {
  const Child child;
  const auto witness = scenes::open("process.ended", child.params()).value();
  ::kill(child.pid(), SIGSTOP);
  EXPECT_TRUE(scenes::stays_off(*witness));
}

TEST(ProcessEnded, DoesNotTakeAnotherProcessOfTheSamePidForIt) {
  const Child child;
  const auto witness = scenes::open("process.ended", scenes::params_of_a_predecessor(child));
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
