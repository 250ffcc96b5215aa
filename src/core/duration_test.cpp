#include "core/duration.h"

#include <limits>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace squall {
namespace {

std::int64_t parsed(std::string_view text) {
  const Result<Duration> duration = parse_duration(text);
  return duration.ok() ? duration->nanoseconds : -1;
}

std::string refusal(std::string_view text) {
  const Result<Duration> duration = parse_duration(text);
  return duration.ok() ? "accepted " + render(*duration)
                       : duration.error().message + " | " + duration.error().next;
}

TEST(DurationParse, TakesEveryUnitWithAndWithoutABlank) {
  EXPECT_EQ(parsed("7ns"), 7);
  EXPECT_EQ(parsed("7 us"), 7'000);
  EXPECT_EQ(parsed("7ms"), 7'000'000);
  EXPECT_EQ(parsed("7 s"), 7'000'000'000);
  EXPECT_EQ(parsed("7 min"), 420'000'000'000);
  EXPECT_EQ(parsed("2h"), 7'200'000'000'000);
  EXPECT_EQ(parsed("1 d"), 86'400'000'000'000);
  EXPECT_EQ(parsed("  1.5   s "), 1'500'000'000);
  EXPECT_EQ(parsed("0"), 0);
  EXPECT_EQ(parsed("36525 d"), 36'525 * 86'400'000'000'000);
}

TEST(DurationParse, IsExactBeyondTheDigitsOfADouble) {
  EXPECT_EQ(parsed("9007199254740993 ns"), 9'007'199'254'740'993);
  EXPECT_EQ(parsed("123456789.123456789 s"), 123'456'789'123'456'789);
  EXPECT_EQ(parsed("0.0000000005 s"), 1) << "half a nanosecond rounds up";
  EXPECT_EQ(parsed("0.00000000049999999999999999999999 s"), 0);
}

TEST(DurationParse, RefusesWithAHintThatCanBeCopied) {
  EXPECT_EQ(refusal("5"), "the duration \"5\" has no unit | write for example \"5 s\" or \"5 ms\"");
  EXPECT_EQ(refusal("5 m"), "\"m\" could be minutes or milliseconds | write min or ms");
  EXPECT_EQ(refusal("5 sec"), "\"sec\" is not a unit of time | use ns, us, ms, s, min, h or d");
  EXPECT_EQ(refusal("-1 s"), "a duration cannot be negative | ");
  EXPECT_EQ(refusal("36526 d"), "the duration is longer than 100 years | ");
  EXPECT_EQ(refusal("99999999999999999999999999 ns"), "the duration is longer than 100 years | ");
}

TEST(DurationParse, RefusesWhatIsNoNumber) {
  for (const char* text : {"", " ", "s", "inf s", "nan s", "-inf s", "-nan s", ".5 s", "+5 s",
                           "1e3 s", "0x10 s", "1 2 s", "five s", "\xff\xfe s", "--1 s"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << '"' << text << '"';
  }
}

TEST(DurationRender, IsShortAndExact) {
  EXPECT_EQ(render(Duration{0}), "0 s");
  EXPECT_EQ(render(milliseconds(1500)), "1.5 s");
  EXPECT_EQ(render(milliseconds(250)), "250 ms");
  EXPECT_EQ(render(nanoseconds(1'500)), "1.5 us");
  EXPECT_EQ(render(nanoseconds(1'000'000'001)), "1.000000001 s");
  EXPECT_EQ(render(nanoseconds(1'050'000)), "1.05 ms");
  EXPECT_EQ(render(seconds(90)), "90 s");
  EXPECT_EQ(render(seconds(120)), "2 min");
  EXPECT_EQ(render(minutes(60 * 48)), "2 d");
  EXPECT_EQ(render(milliseconds(60'500)), "60.5 s");
  EXPECT_EQ(render(milliseconds(-1500)), "-1.5 s");
}

RC_GTEST_PROP(DurationRender, IsReadBackExactly, ()) {
  const auto n = *rc::gen::inRange<std::int64_t>(0, 36'525 * 86'400'000'000'000LL);
  // The low bits alone would hardly ever make a round number; dividing makes all magnitudes likely.
  const auto shift = *rc::gen::inRange(0, 62);
  const Duration duration{n >> shift};
  const Result<Duration> back = parse_duration(render(duration));
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == duration);
}

TEST(DurationRenderRounded, KeepsThreeDigits) {
  EXPECT_EQ(render_rounded(Duration{0}), "0 s");
  EXPECT_EQ(render_rounded(nanoseconds(999)), "999 ns");
  EXPECT_EQ(render_rounded(nanoseconds(12'345)), "12.3 us");
  EXPECT_EQ(render_rounded(nanoseconds(831'400'000)), "831 ms");
  EXPECT_EQ(render_rounded(nanoseconds(999'600'000)), "1 s");
  EXPECT_EQ(render_rounded(milliseconds(12'450)), "12.4 s");
  EXPECT_EQ(render_rounded(seconds(125)), "2 min 5 s");
  EXPECT_EQ(render_rounded(minutes(125)), "2 h 5 min");
  EXPECT_EQ(render_rounded(milliseconds(-20)), "-20 ms");
}

TEST(DurationPoll, NeverEndsEarlyAndNeverOverflows) {
  EXPECT_EQ(nanoseconds(1).poll_milliseconds(), 1);
  EXPECT_EQ(nanoseconds(1'000'000).poll_milliseconds(), 1);
  EXPECT_EQ(nanoseconds(1'000'001).poll_milliseconds(), 2);
  EXPECT_EQ(Duration{}.poll_milliseconds(), 0);
  EXPECT_EQ(seconds(-5).poll_milliseconds(), 0);
  EXPECT_EQ(Duration{std::numeric_limits<std::int64_t>::max()}.poll_milliseconds(),
            std::numeric_limits<int>::max());
}

TEST(DurationScaled, RoundsAndStaysInRange) {
  EXPECT_EQ(seconds(5).scaled(0.1), milliseconds(500));
  EXPECT_EQ(nanoseconds(3).scaled(0.5), nanoseconds(2));
  EXPECT_GT(seconds(1'000'000'000).scaled(1e300).nanoseconds, 0);
}

}  // namespace
}  // namespace squall
