#include "witness/cpu_meter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::witness {
namespace {

constexpr Duration step = milliseconds(50);

// A made-up host with four cores on which time passes as the test says.
class Host {
 public:
  explicit Host(CpuMeter& meter) : meter_(meter) { read(); }
  // `busy` cores for `span`, read every 50 ms.
  void run(double busy, Duration span) {
    for (Duration passed; passed < span; passed = passed + step) {
      now_ = now_ + step;
      idle_seconds_ += (4.0 - busy) * step.seconds();
      read();
    }
  }

 private:
  void read() { meter_.add({.at = now_, .idle_seconds = idle_seconds_, .cores = 4}); }

  CpuMeter& meter_;
  Duration now_ = seconds(100);
  double idle_seconds_ = 1000;
};

TEST(CpuMeter, SeesAddedLoadAndItsEnd) {
  CpuMeter meter(2.0);
  Host host(meter);
  host.run(0.5, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  EXPECT_FALSE(meter.sight().on);
  host.run(2.5, meter.window());
  EXPECT_TRUE(meter.sight().on);
  EXPECT_NEAR(meter.sight().dose, 2.0, 1e-6);
  EXPECT_EQ(meter.sight().detail, "2.50 cores busy, 0.50 before");
  host.run(0.5, meter.window());
  EXPECT_FALSE(meter.sight().on);
}

TEST(CpuMeter, StaysOffWhenLessThanFourFifthsIsAdded) {
  CpuMeter meter(2.0);
  Host host(meter);
  host.run(0.5, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  host.run(0.5 + 1.55, seconds(2));
  EXPECT_FALSE(meter.sight().on);
  host.run(0.5 + 1.65, seconds(2));
  EXPECT_TRUE(meter.sight().on);
}

TEST(CpuMeter, TakesAFullHostForOnWhenLessWasIdleThanAsked) {
  CpuMeter meter(4.0);
  Host host(meter);
  host.run(1.5, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  host.run(3.7, seconds(1));
  EXPECT_FALSE(meter.sight().on);
  host.run(4.0, seconds(1));
  EXPECT_TRUE(meter.sight().on);
}

TEST(CpuMeter, RefusesAHostThatIsBusyAlready) {
  CpuMeter meter(2.0);
  Host host(meter);
  host.run(3.5, seconds(1));
  const Status settled = meter.settle();
  ASSERT_FALSE(settled.ok());
  EXPECT_EQ(settled.error().code, Code::conflict);
  EXPECT_THAT(settled.error().message, testing::HasSubstr("already busy: 3.50 of 4 cores"));
}

TEST(CpuMeter, RefusesAHostThatIsRestlessByItself) {
  CpuMeter meter(1.0);
  Host host(meter);
  host.run(0.2, seconds(1));
  host.run(2.0, milliseconds(200));
  host.run(0.2, seconds(1));
  const Status settled = meter.settle();
  ASSERT_FALSE(settled.ok());
  EXPECT_THAT(settled.error().message, testing::HasSubstr("too restless"));
}

TEST(CpuMeter, LooksLongerForLessLoadAndSaysHowOldAnEdgeMayBe) {
  EXPECT_EQ(CpuMeter(4.0).window(), milliseconds(50));
  EXPECT_EQ(CpuMeter(1.0).window(), milliseconds(100));
  EXPECT_EQ(CpuMeter(0.05).window(), seconds(1));
  CpuMeter meter(0.5);
  Host host(meter);
  host.run(0.1, seconds(3));
  ASSERT_TRUE(meter.settle().ok());
  EXPECT_EQ(meter.sight().oldest, milliseconds(200));
}

TEST(ParseCpuReading, CountsIdleTimeAndCores) {
  const auto reading = parse_cpu_reading(
      "cpu  100 0 100 500 25 0 0 0 0 0\ncpu0 1 2\ncpu1 3 4\nintr 5\ncpu9 6\n", seconds(3), 100);
  ASSERT_TRUE(reading.ok());
  EXPECT_DOUBLE_EQ(reading->idle_seconds, 5.25);
  EXPECT_EQ(reading->cores, 2);
  EXPECT_EQ(reading->at, seconds(3));
}

TEST(ParseCpuReading, RefusesOtherText) {
  for (const char* text : {"", "cpu", "cpu  1 2 3 4\ncpu0 1\n", "cpu  1 2 3 4 5\n", "intr 1\n"}) {
    EXPECT_FALSE(parse_cpu_reading(text, {}, 100).ok()) << text;
  }
}

}  // namespace
}  // namespace squall::witness
