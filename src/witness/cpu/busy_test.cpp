// What counts as busy is tested in cpu_meter_test.cpp; here the real host is looked at.
#include <atomic>
#include <thread>
#include <vector>

#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

TEST(CpuBusy, SeesARealLoadAndItsEnd) {
  const auto witness = scenes::open("cpu.busy", {{"cores", 1}, {"load", "100 %"}});
  if (!witness.ok() && witness.error().code == Code::conflict) {
    GTEST_SKIP() << witness.error().message;
  }
  ASSERT_TRUE(witness.ok()) << witness.error().render();
  std::optional<Sighting> on;
  {
    // All cores, so that it is seen even if other work on this host ends meanwhile.
    std::vector<std::jthread> burners;
    for (unsigned i = 0; i < std::thread::hardware_concurrency(); ++i) {
      burners.emplace_back([](std::stop_token stop) {
        std::atomic<std::uint64_t> sink = 0;
        while (!stop.stop_requested()) sink.fetch_add(1, std::memory_order_relaxed);
      });
    }
    on = scenes::see(**witness, true, seconds(3));
  }
  ASSERT_TRUE(on.has_value());
  EXPECT_GE(on->oldest, milliseconds(100)) << "the window is part of the answer";
  if (!scenes::see(**witness, false, seconds(10))) {
    GTEST_SKIP() << "this host became busy by other work meanwhile";
  }
}

TEST(CpuBusy, RefusesMoreCoresThanTheHostHas) {
  const auto witness = scenes::open("cpu.busy", {{"cores", 100'000}, {"load", "100 %"}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::invalid);
}

}  // namespace
}  // namespace squall::witness
