#include <gmock/gmock.h>

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
  EXPECT_EQ(sighting->detail, "it has ended by SIGKILL");
  EXPECT_EQ(sys::read_process(child.pid()).value().state, 'Z') << "nobody has waited for it yet";
}

TEST(ProcessEnded, TellsTheExitCodeOfAProcessThatIsNobodysChildHere) {
  // A child of a child, which the kernel reaps at once.
  int report[2] = {-1, -1};
  ASSERT_EQ(::pipe2(report, O_CLOEXEC), 0);
  const Child parent([&] {
    ::signal(SIGUSR1, [](int) { ::_exit(7); });
    ::signal(SIGCHLD, SIG_IGN);
    const pid_t child = ::fork();
    if (child == 0) {
      ::prctl(PR_SET_PDEATHSIG, SIGKILL);
      while (true) ::pause();
    }
    static_cast<void>(::write(report[1], &child, sizeof child) == sizeof child);
  });
  pid_t pid = 0;
  ASSERT_EQ(::read(report[0], &pid, sizeof pid), static_cast<ssize_t>(sizeof pid));
  for (const int end : report) ::close(end);
  const sys::ProcessId id = sys::read_process(pid).value().id;
  const json::object params{{"pid", id.pid},
                            {"start_ticks", static_cast<std::int64_t>(id.start_ticks)}};
  const auto witness = scenes::open("process.ended", params).value();
  EXPECT_TRUE(scenes::stays_off(*witness));
  ::kill(pid, SIGUSR1);
  const auto sighting = scenes::see(*witness, true);
  ASSERT_TRUE(sighting.has_value());
  EXPECT_THAT(sighting->detail,
              testing::AnyOf("it has ended with exit code 7",
                             testing::StartsWith("it has ended; how, is unknown")));
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
