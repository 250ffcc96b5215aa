#include "witness/typed.h"

#include <gtest/gtest.h>

#include "sys/clock.h"

namespace squall::witness {
namespace {

// Takes `takes` for a look and claims an age of `claims`.
class Slow final : public Witness {
 public:
  Slow(Duration takes, Duration claims) : takes_(takes), claims_(claims) {}
  Result<Sighting> look() override {
    const Duration end = sys::monotonic_now() + takes_;
    while (sys::monotonic_now() < end) {
    }
    return Sighting{.on = true, .oldest = claims_};
  }

 private:
  Duration takes_;
  Duration claims_;
};

TEST(Timed, WidensASightingByTheTimeOfTheLook) {
  const auto witness = timed(std::make_unique<Slow>(milliseconds(3), Duration{}));
  const Sighting sighting = witness->look().value();
  EXPECT_GE(sighting.oldest, milliseconds(3));
  EXPECT_EQ(sighting.newest, Duration{});
}

TEST(Timed, LeavesAnOlderClaim) {
  const auto witness = timed(std::make_unique<Slow>(Duration{}, seconds(5)));
  EXPECT_EQ(witness->look().value().oldest, seconds(5));
}

}  // namespace
}  // namespace squall::witness
