#include "report/plot.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "report/drills_test.h"
#include "report/looks_test.h"
#include "report/odd_drills_test.h"

namespace squall::report {
namespace {

using testing::HasSubstr;
using testing::Not;

std::string plot_of(const Tale& tale) {
  return plot(engine::read_story(tale.events), engine::judge(tale.events));
}

TEST(Coordinate, HasOneDecimalAtMost) {
  EXPECT_EQ(coordinate(12), "12");
  EXPECT_EQ(coordinate(12.04), "12");
  EXPECT_EQ(coordinate(12.25), "12.3");
  EXPECT_EQ(coordinate(-0.01), "0");
}

TEST(Fitted, CutsWhatIsTooWideBetweenLetters) {
  EXPECT_EQ(fitted("ping", 100), "ping");
  EXPECT_EQ(fitted("a very long name", 40), "a ver\u2026");
  EXPECT_EQ(fitted("\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9\u00e9", 20), "\u00e9\u00e9\u2026");
  EXPECT_EQ(fitted("x\x1b", 100), "x?");
  EXPECT_EQ(fitted("abc", 0), "\u2026");
}

TEST(Frame, PutsTimesBetweenItsEdges) {
  Frame frame;
  frame.to_ns = 1000;
  EXPECT_EQ(frame.x(0), Frame::left);
  EXPECT_EQ(frame.x(1000), Frame::right);
  EXPECT_EQ(frame.x(500), (Frame::left + Frame::right) / 2);
  EXPECT_EQ(frame.x(-5), Frame::left);
  EXPECT_EQ(frame.x(INT64_MAX), Frame::right);
}

TEST(Bands, ReachFromTheFirstSightToTheLast) {
  const Tale tale = Tale::of({.is_spell = true});
  const std::vector<Band> bands = bands_of(engine::read_story(tale.events));
  ASSERT_EQ(bands.size(), 1U);
  EXPECT_FALSE(bands[0].is_instant);
  EXPECT_EQ(bands[0].from_ns, 2000 * ms + 800'000);
  EXPECT_EQ(bands[0].to_ns, 4001 * ms);
}

TEST(Bands, ReachToTheEndWhenTheFaultWasNeverEnded) {
  Tale tale = Tale::of({.is_spell = true});
  tale.drop("revert_commanded");
  tale.drop([](const engine::Event& event) { return text_at(event, "edge") == "off"; });
  EXPECT_EQ(bands_of(engine::read_story(tale.events)).at(0).to_ns, 6002 * ms);
}

TEST(Plot, IsWholeForEveryDrill) {
  for (const Tale& tale : {redis_drill(), refuted_drill(), invalid_drill(), aborted_drill(),
                           unsupported_drill(), hostile_drill(), long_drill(), Tale()}) {
    const std::string svg = plot_of(tale);
    EXPECT_EQ(first_broken_tag(svg), "");
    EXPECT_THAT(svg, Not(HasSubstr("nan")));
    EXPECT_THAT(svg, Not(HasSubstr("inf")));
  }
}

TEST(Plot, ShowsFaultsChecksClocksAndLoad) {
  const std::string svg = plot_of(redis_drill());
  for (const char* words :
       {"baseline", "process.kill", "redis-server (pid 4711)", "ping", "front page", "alert fires",
        "steady again", "did not happen", "cpu", "memory", "fault struck", "0 s", "8 s"}) {
    EXPECT_THAT(svg, HasSubstr(std::string(">") + words + "<")) << words;
  }
}

TEST(Plot, MarksEachStateInItsOwnWay) {
  const std::string svg = plot_of(redis_drill());
  EXPECT_EQ(count_of(svg, "class=\"bad cross\""), 3U) << "two checks and the legend";
  EXPECT_EQ(count_of(svg, "class=\"waiting cross\""), 1U);
  EXPECT_EQ(count_of(svg, "class=\"strip-bad\""), 2U);
  EXPECT_EQ(count_of(svg, "class=\"strike\""), 2U) << "the strike and the legend";
  EXPECT_EQ(count_of(plot_of(invalid_drill()), "class=\"band\""), 3U);
}

TEST(Plot, StaysSmallHoweverManySamplesThereAre) {
  const std::string svg = plot_of(long_drill());
  EXPECT_LT(svg.size(), 60'000U);
  // Twice the samples on the same spots are no more marks.
  Tale twice = long_drill();
  std::vector<engine::Event> copy = twice.events;
  twice.drop([](const engine::Event& event) { return text_at(event, "event") != "sample"; });
  copy.insert(copy.end() - 3, twice.events.begin(), twice.events.end());
  twice.events = copy;
  EXPECT_LT(plot_of(twice).size(), svg.size() + 100);
}

}  // namespace
}  // namespace squall::report
