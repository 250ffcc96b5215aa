// The heap of times against a sorted list, under random settings, moves and cancels.
#include "proxy/timers.h"

#include <algorithm>

#include <gtest/gtest.h>

#include "core/choices.h"

namespace squall::proxy {
namespace {

TEST(Timers, GiveWhatIsDueInItsOrderWhateverWasMoved) {
  const Choices choices(11, "timers");
  std::vector<Timed> all(200);
  Timers timers;
  std::uint64_t ordinal = 0;
  for (int step = 0; step < 5000; ++step) {
    Timed& one = all[choices.below(all.size(), "", "which", ordinal)];
    const std::uint64_t at = choices.below(1000, "", "at", ordinal++);
    at < 200 ? timers.cancel(one) : timers.set(one, milliseconds(static_cast<std::int64_t>(at)));
    Duration first = never;
    for (const Timed& timed : all) first = std::min(first, timed.at);
    ASSERT_EQ(timers.next(), first);
  }
  std::vector<Duration> wanted;
  for (const Timed& timed : all) {
    if (timed.at != never) wanted.push_back(timed.at);
  }
  std::sort(wanted.begin(), wanted.end());
  for (const Duration at : wanted) {
    EXPECT_EQ(timers.take_due(at - nanoseconds(1)), nullptr);
    EXPECT_EQ(timers.next(), at);
    EXPECT_NE(timers.take_due(at), nullptr);
  }
  EXPECT_EQ(timers.take_due(never), nullptr);
}

}  // namespace
}  // namespace squall::proxy
