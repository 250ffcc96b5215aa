#include "cli/sparkline.h"

#include <gtest/gtest.h>

namespace squall::cli {
namespace {

constexpr std::int64_t ms = 1'000'000;
const Style letters{.is_utf8 = true};

std::deque<Point> ramp() {
  std::deque<Point> points;
  for (int i = 0; i < 8; ++i) points.push_back({i * 100 * ms, static_cast<double>(i)});
  return points;
}

TEST(Sparkline, RisesWithItsValues) {
  EXPECT_EQ(render_sparkline(ramp(), {0, 100 * ms, 8}, 1, letters), "▁▂▃▄▅▆▇█");
  EXPECT_EQ(render_sparkline(ramp(), {0, 100 * ms, 8}, 1, {}), ".:-=+*%#");
}

TEST(Sparkline, IsFlatWhenAllIsFarBelowWhatFillsACell) {
  EXPECT_EQ(render_sparkline(ramp(), {0, 100 * ms, 8}, 1000, letters), "▁▁▁▁▁▁▁▁");
}

TEST(Sparkline, ShowsTheWorstOfEachCell) {
  std::deque<Point> points = ramp();
  points.push_back({110 * ms, 0, Point::Kind::bad});
  points.push_back({310 * ms, 0, Point::Kind::waiting});
  points.push_back({120 * ms, 7, Point::Kind::good});
  EXPECT_EQ(render_sparkline(points, {0, 200 * ms, 4}, 1, letters), "×·▆█");
  EXPECT_EQ(render_sparkline(points, {0, 200 * ms, 4}, 1, {}), "x,*#");
}

TEST(Sparkline, LeavesCellsWithoutPointsBlankAndPointsOutsideOut) {
  EXPECT_EQ(
      render_sparkline({{0, 1}, {300 * ms, 1}, {900 * ms, 9}}, {100 * ms, 100 * ms, 4}, 1, letters),
      "  █ ");
}

TEST(Sparkline, PaintsGoodAndBad) {
  const Style colours{.has_colour = true};
  EXPECT_EQ(
      render_sparkline({{0, 0}, {100 * ms, 0, Point::Kind::bad}}, {0, 100 * ms, 2}, 1, colours),
      "\x1b[32m.\x1b[0m\x1b[1;31mx\x1b[0m");
}

TEST(WindowAt, ShowsAShortRunWhole) {
  const Window early = window_at(1'000 * ms, 8'000 * ms, 40);
  const Window late = window_at(7'900 * ms, 8'000 * ms, 40);
  EXPECT_EQ(early.start_ns, 0);
  EXPECT_EQ(late.start_ns, 0);
  EXPECT_EQ(early.cell_ns, 200 * ms);
  EXPECT_EQ(late.cell_ns, 200 * ms);
}

TEST(WindowAt, ShowsTheLastMinuteOfALongRunInWholeCells) {
  const Window window = window_at(1'000'300 * ms, 3'600'000 * ms, 60);
  EXPECT_EQ(window.cell_ns, 1'000 * ms);
  EXPECT_EQ(window.start_ns, 941'000 * ms);
  EXPECT_EQ(window_at(1'000'900 * ms, 3'600'000 * ms, 60).start_ns, window.start_ns);
  EXPECT_EQ(window.cell_of(1'000'300 * ms), 59);
}

TEST(WindowAt, KeepsTheEndInSightWhenARunTakesLongerThanPlanned) {
  const Window window = window_at(9'500 * ms, 8'000 * ms, 40);
  EXPECT_GE(window.cell_of(9'500 * ms), 0);
  EXPECT_LT(window.cell_of(9'500 * ms), 40);
}

}  // namespace
}  // namespace squall::cli
