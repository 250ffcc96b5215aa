#include "witness/arrival_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::witness {
namespace {

using ::testing::HasSubstr;

constexpr Duration step = milliseconds(10);

// A made-up counter on which time passes as the test says.
class Counter {
 public:
  explicit Counter(ArrivalMeter& meter) : meter_(meter) { meter_.add(now_, count_); }
  void run(double per_second, Duration span) {
    for (Duration passed; passed < span; passed = passed + step) {
      now_ = now_ + step;
      due_ += per_second * step.seconds();
      meter_.add(now_, count_ + static_cast<std::uint64_t>(due_));
    }
  }
  void reset() {
    due_ = 0;
    count_ = 0;
  }

 private:
  ArrivalMeter& meter_;
  Duration now_ = seconds(100);
  std::uint64_t count_ = 5000;
  double due_ = 0;
};

TEST(ArrivalMeter, SeesWhatComesOnTopAndItsEnd) {
  ArrivalMeter meter({200}, "requests");
  Counter counter(meter);
  counter.run(50, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  EXPECT_FALSE(meter.sight().on);
  counter.run(250, seconds(1));
  EXPECT_TRUE(meter.sight().on);
  EXPECT_NEAR(meter.sight().dose, 200, 20);
  EXPECT_THAT(meter.sight().detail, HasSubstr("requests a second arrive, "));
  EXPECT_GE(meter.sight().oldest, meter.window());
  counter.run(50, meter.window());
  EXPECT_FALSE(meter.sight().on);
}

TEST(ArrivalMeter, StaysOffBelowHalfOfWhatWasAsked) {
  ArrivalMeter meter({1000}, "requests");
  Counter counter(meter);
  counter.run(0, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  counter.run(450, seconds(1));
  EXPECT_FALSE(meter.sight().on);
  counter.run(600, seconds(1));
  EXPECT_TRUE(meter.sight().on);
}

TEST(ArrivalMeter, ChoosesItsWindowByTheRate) {
  EXPECT_EQ(ArrivalMeter({10'000}, "x").window(), milliseconds(100));
  EXPECT_EQ(ArrivalMeter({40}, "x").window(), milliseconds(200));
  EXPECT_EQ(ArrivalMeter({1}, "x").window(), milliseconds(500));
}

TEST(ArrivalMeter, DoesNotTakeOnWhatIsTooUneven) {
  ArrivalMeter meter({100}, "requests");
  Counter counter(meter);
  counter.run(0, milliseconds(300));
  counter.run(200, milliseconds(300));
  const Status settled = meter.settle();
  ASSERT_FALSE(settled.ok());
  EXPECT_EQ(settled.error().code, Code::conflict);
  EXPECT_THAT(settled.error().message, HasSubstr("too unevenly"));
}

TEST(ArrivalMeter, BeginsAnewWhenTheCounterWasReset) {
  ArrivalMeter meter({100}, "requests");
  Counter counter(meter);
  counter.run(0, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  counter.reset();
  counter.run(0, seconds(1));
  EXPECT_FALSE(meter.sight().on);
  EXPECT_EQ(meter.sight().dose, 0);
}

}  // namespace
}  // namespace squall::witness
