// The two clocks of CPU time, which stand beside the clocks of time in sys/clock.h.
#include <gtest/gtest.h>
#include <unistd.h>

#include "sys/clock.h"

namespace squall::sys {
namespace {

TEST(CpuTime, GrowsWhileAThreadComputes) {
  const Duration thread_start = thread_cpu_time();
  const Duration process_start = process_cpu_time(::getpid()).value();
  while (thread_cpu_time() - thread_start < milliseconds(2)) {
  }
  // The kernel brings the two clocks up to date at instants of their own, some microseconds apart.
  EXPECT_GE(process_cpu_time(::getpid()).value() - process_start, milliseconds(1));
}

// Linux numbers no process above 2^22.
TEST(CpuTime, IsNoneOfAProcessThatIsNotThere) {
  EXPECT_FALSE(process_cpu_time(1 << 23).has_value());
}

}  // namespace
}  // namespace squall::sys
