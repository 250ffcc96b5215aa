#include "core/units.h"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace squall {
namespace {

template <class T>
std::string refusal(const Result<T>& result) {
  return result.ok() ? "accepted" : result.error().message;
}

TEST(Bytes, AreReadInBinaryAndDecimalUnits) {
  EXPECT_EQ(parse_bytes("512 B")->count, 512U);
  EXPECT_EQ(parse_bytes("64KiB")->count, 65'536U);
  EXPECT_EQ(parse_bytes("1.5 MiB")->count, 1'572'864U);
  EXPECT_EQ(parse_bytes("10 kB")->count, 10'000U);
  EXPECT_EQ(parse_bytes("2 TB")->count, 2'000'000'000'000U);
  EXPECT_EQ(parse_bytes("1048576 TiB")->count, 1ULL << 60);
  EXPECT_EQ(parse_bytes("9007199254740993 B")->count, 9'007'199'254'740'993U);
}

TEST(Bytes, AreRefusedWithoutAUnitOrOutOfRange) {
  EXPECT_EQ(refusal(parse_bytes("10")), "the size \"10\" has no unit");
  EXPECT_EQ(refusal(parse_bytes("10 mb")), "\"mb\" is not a unit of size");
  EXPECT_EQ(refusal(parse_bytes("-1 B")), "a size cannot be negative");
  EXPECT_EQ(refusal(parse_bytes("1048577 TiB")), "the size is larger than 2^60 bytes");
  EXPECT_EQ(refusal(parse_bytes("1e300 TiB")), "\"e300 TiB\" is not a unit of size");
  EXPECT_EQ(refusal(parse_bytes(std::string(300, '9') + " TiB")),
            "the size is larger than 2^60 bytes");
}

RC_GTEST_PROP(Bytes, AreReadBackExactly, ()) {
  const auto wide = *rc::gen::inRange<std::uint64_t>(0, (1ULL << 60) + 1);
  const Bytes bytes{wide >> *rc::gen::inRange(0, 60)};
  const Result<Bytes> back = parse_bytes(render(bytes));
  RC_ASSERT(back.ok());
  RC_ASSERT(*back == bytes);
}

TEST(Bytes, AreRoundedForPeople) {
  EXPECT_EQ(render_rounded(Bytes{1'500}), "1.46 KiB");
  EXPECT_EQ(render_rounded(Bytes{1'023}), "1023 B");
  EXPECT_EQ(render_rounded(Bytes{5ULL << 30}), "5 GiB");
  EXPECT_EQ(render_rounded(Bytes{1'010ULL << 20}), "1010 MiB");
  EXPECT_EQ(render_rounded(Bytes{999ULL << 20}), "999 MiB");
}

TEST(Share, IsReadAndWrittenInPercent) {
  EXPECT_DOUBLE_EQ(parse_share("30 %")->fraction, 0.3);
  EXPECT_DOUBLE_EQ(parse_share("250%")->fraction, 2.5);
  EXPECT_DOUBLE_EQ(parse_share("500 ppm")->fraction, 0.0005);
  EXPECT_EQ(render(parse_share("500 ppm").value()), "0.05 %");
  EXPECT_EQ(render(Share{0.07}), "7 %");
  EXPECT_EQ(render(Share{1.0 / 3}), "33.3333333333 %");
  EXPECT_EQ(render(Share{1e-9}), "0.0000001 %");
  EXPECT_EQ(render(Share{1e15}), "100000000000000000 %");
}

TEST(Share, IsRefusedWithoutThePercentSignOrBelowNothing) {
  EXPECT_EQ(refusal(parse_share("30")), "the share \"30\" has no percent sign");
  EXPECT_EQ(refusal(parse_share("0.3")), "the share \"0.3\" has no percent sign");
  EXPECT_EQ(refusal(parse_share("-30 %")), "a share cannot be negative");
}

TEST(Rate, IsReadPerSecondMinuteAndHour) {
  EXPECT_DOUBLE_EQ(parse_rate("100 /s")->per_second, 100);
  EXPECT_DOUBLE_EQ(parse_rate("6/min")->per_second, 0.1);
  EXPECT_DOUBLE_EQ(parse_rate("36 /h")->per_second, 0.01);
  EXPECT_EQ(refusal(parse_rate("100")), "\"100\" is not a rate");
  EXPECT_EQ(refusal(parse_rate("-1 /s")), "a rate cannot be negative");
}

// A rate far below one a second once came out as "2.8e-06 /s", which nothing reads back.
RC_GTEST_PROP(Rate, CanonicalTextIsAFixedPoint, ()) {
  const double magnitude = std::pow(10.0, *rc::gen::inRange(-12, 15));
  const double digits = *rc::gen::inRange(0, 1'000'000) / 7.0;
  const std::string text = render(Rate{digits * magnitude});
  const Result<Rate> back = parse_rate(text);
  RC_ASSERT(back.ok());
  RC_ASSERT(render(*back) == text);
}

RC_GTEST_PROP(Share, CanonicalTextIsAFixedPoint, ()) {
  const double magnitude = std::pow(10.0, *rc::gen::inRange(-12, 15));
  const double digits = *rc::gen::inRange(0, 1'000'000) / 7.0;
  const std::string text = render(Share{digits * magnitude});
  const Result<Share> back = parse_share(text);
  RC_ASSERT(back.ok());
  RC_ASSERT(render(*back) == text);
}

TEST(Quantity, SplitsNumberAndUnit) {
  const Result<Quantity> quantity = parse_quantity(" 1.50 MiB/s ");
  ASSERT_TRUE(quantity.ok());
  EXPECT_DOUBLE_EQ(quantity->number, 1.5);
  EXPECT_EQ(quantity->number_text, "1.50");
  EXPECT_EQ(quantity->unit, "MiB/s");
  EXPECT_DOUBLE_EQ(parse_quantity("-3")->number, -3);
  EXPECT_FALSE(parse_quantity("x").ok());
  EXPECT_FALSE(parse_quantity("").ok());
}

TEST(ScaleExactly, GivesUpOnlyOutOfRange) {
  EXPECT_EQ(scale_exactly({4611686018427387904.0, "4611686018427387904", ""}, 1), 1LL << 62);
  EXPECT_EQ(scale_exactly({4611686018427387905.0, "4611686018427387905", ""}, 1), std::nullopt);
  EXPECT_EQ(scale_exactly({-1, "-1", ""}, 1), std::nullopt);
  EXPECT_EQ(scale_exactly({0.1, "0.1", ""}, 10), 1);
}

TEST(RenderNumber, UsesNoExponent) {
  EXPECT_EQ(render_number(1.5), "1.5");
  EXPECT_EQ(render_number(1e-7), "0.0000001");
  EXPECT_EQ(render_number(1e21), "1000000000000000000000");
  EXPECT_EQ(render_number(5e-324).size(), 326U);
}

}  // namespace
}  // namespace squall
