#include "witness/subject.h"

#include <gtest/gtest.h>

namespace squall::witness {
namespace {

constexpr std::string_view fields = " S 1 2 3 4 5 6 7 8 9 10 250 50 15 16 17 18 19 20 123456 22 23";

TEST(ParseStat, ReadsStateAndCpuTime) {
  const auto stat = parse_stat("4711 (redis-server)" + std::string(fields));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->state, 'S');
  EXPECT_NEAR(stat->cpu_seconds, 3.0, 1e-9) << "250 + 50 ticks of 10 ms";
}

TEST(ParseStat, IsNotMisledByAName) {
  const auto stat = parse_stat("4711 (a) T 9 (b))" + std::string(fields));
  ASSERT_TRUE(stat.has_value());
  EXPECT_EQ(stat->state, 'S');
}

TEST(ParseStat, RefusesWhatIsNoSuchLine) {
  for (const char* text :
       {"", "4711", "4711 (a", "4711 (a) S 1 2", "4711 (a) Sx 1 2 3 4 5 6 7 8 9 10 11 12",
        "4711 (a) S 1 2 3 4 5 6 7 8 9 10 x 12 13"}) {
    EXPECT_FALSE(parse_stat(text).has_value()) << text;
  }
}

}  // namespace
}  // namespace squall::witness
