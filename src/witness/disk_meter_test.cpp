#include "witness/disk_meter.h"

#include <gtest/gtest.h>

namespace squall::witness {
namespace {

constexpr double megabyte = 1e6;

// A disk that moves so much a second, read every 50 ms.
class Disk {
 public:
  void run(DiskMeter& meter, double per_second, Duration span) {
    for (const Duration end = now_ + span; now_ < end;) {
      now_ = now_ + milliseconds(50);
      bytes_ += per_second * 0.05;
      meter.add({now_, bytes_});
    }
  }

 private:
  Duration now_ = seconds(100);
  double bytes_ = 0;
};

TEST(DiskMeter, ReadsTheKernelsCounters) {
  const auto reading = parse_disk_reading(
      "    1200        3    48000      100      500       1     8000      90   0  1  2\n",
      seconds(1));
  ASSERT_TRUE(reading.ok()) << reading.error().render();
  EXPECT_EQ(reading->bytes, 56'000 * 512);
  EXPECT_EQ(parse_disk_reading("", seconds(1)).error().code, Code::unsupported);
  EXPECT_FALSE(parse_disk_reading("1 2 3 4 5 six seven", seconds(1)).ok());
}

TEST(DiskMeter, TakesAWindowOfSeveralPieces) {
  EXPECT_EQ(DiskMeter(10 * megabyte, 4096).window(), milliseconds(200));
  EXPECT_EQ(DiskMeter(4096 * 10, 4096).window(), milliseconds(800));
  EXPECT_EQ(DiskMeter(4096, 4096 * 100).window(), seconds(5));
}

TEST(DiskMeter, SeesWhatIsAddedToTheLevelAndItsEnd) {
  DiskMeter meter(10 * megabyte, 4096);
  Disk disk;
  disk.run(meter, 3 * megabyte, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  EXPECT_FALSE(meter.sight().on);
  disk.run(meter, 13 * megabyte, seconds(1));
  const Sighting on = meter.sight();
  EXPECT_TRUE(on.on);
  EXPECT_NEAR(on.dose, 10 * megabyte, 1);
  EXPECT_EQ(on.oldest, milliseconds(200));
  disk.run(meter, 3 * megabyte, seconds(1));
  EXPECT_FALSE(meter.sight().on);
}

TEST(DiskMeter, IsNotTakenInByLess) {
  DiskMeter meter(10 * megabyte, 4096);
  Disk disk;
  disk.run(meter, 0, seconds(1));
  ASSERT_TRUE(meter.settle().ok());
  disk.run(meter, 7 * megabyte, seconds(1));
  EXPECT_FALSE(meter.sight().on);
}

TEST(DiskMeter, DoesNotTakeOnARestlessDisk) {
  DiskMeter meter(10 * megabyte, 4096);
  Disk disk;
  for (int i = 0; i < 4; ++i) {
    disk.run(meter, 0, milliseconds(250));
    disk.run(meter, 8 * megabyte, milliseconds(250));
  }
  const Status settled = meter.settle();
  ASSERT_FALSE(settled.ok());
  EXPECT_EQ(settled.error().code, Code::conflict);
}

}  // namespace
}  // namespace squall::witness
