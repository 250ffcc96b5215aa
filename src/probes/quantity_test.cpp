#include "probes/quantity.h"

#include <array>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall::probe {
namespace {

using ::testing::HasSubstr;

constexpr std::array<ValueType, 9> every_type = {
    ValueType::whole_number, ValueType::number,    ValueType::duration,
    ValueType::size,         ValueType::share,     ValueType::rate,
    ValueType::text,         ValueType::yes_or_no, ValueType::json};

TEST(ValueType, HasANameThatReadsBack) {
  for (const ValueType type : every_type) EXPECT_EQ(type_from_name(type_name(type)), type);
  EXPECT_EQ(type_name(ValueType::yes_or_no), "yes or no");
  EXPECT_EQ(type_name(ValueType::json), "json");
  EXPECT_FALSE(type_from_name("colour").has_value());
}

TEST(ValueType, HasAnExampleThatItsParserTakes) {
  for (const ValueType type : every_type) {
    const Result<Quantum> quantum = parse_quantum(type, example_of(type));
    EXPECT_EQ(quantum.ok(), is_quantity(type)) << type_name(type);
  }
}

TEST(Quantum, IsInTheBaseUnitOfItsType) {
  EXPECT_EQ(parse_quantum(ValueType::duration, "1.5 s")->amount, 1.5e9);
  EXPECT_EQ(parse_quantum(ValueType::size, "2 KiB")->amount, 2048);
  EXPECT_EQ(parse_quantum(ValueType::share, "30 %")->amount, 0.3);
  EXPECT_EQ(parse_quantum(ValueType::rate, "6 /min")->amount, 0.1);
  EXPECT_EQ(parse_quantum(ValueType::whole_number, " 200 ")->amount, 200);
  EXPECT_EQ(parse_quantum(ValueType::number, "-0.5")->amount, -0.5);
}

TEST(Quantum, IsRefusedWithAHintWhenTheUnitIsWrong) {
  const auto no_unit = parse_quantum(ValueType::duration, "5");
  ASSERT_FALSE(no_unit.ok());
  EXPECT_THAT(no_unit.error().next, HasSubstr("\"5 s\""));
  EXPECT_FALSE(parse_quantum(ValueType::duration, "5 MiB").ok());
  const auto fraction = parse_quantum(ValueType::whole_number, "1.5");
  ASSERT_FALSE(fraction.ok());
  EXPECT_EQ(fraction.error().message, "\"1.5\" is not a whole number");
}

TEST(Quantum, IsGuessedFromItsUnit) {
  EXPECT_EQ(guess_quantum("5")->type, ValueType::number);
  EXPECT_EQ(guess_quantum("5 ms")->type, ValueType::duration);
  EXPECT_EQ(guess_quantum("5 MiB")->type, ValueType::size);
  EXPECT_EQ(guess_quantum("5 %")->type, ValueType::share);
  EXPECT_EQ(guess_quantum("5 /s")->type, ValueType::rate);
  EXPECT_FALSE(guess_quantum("five").has_value());
  EXPECT_FALSE(guess_quantum("").has_value());
}

TEST(Quantum, StandsInADocumentAsItWouldInASample) {
  EXPECT_EQ(canonical_json(json_of(*parse_quantum(ValueType::whole_number, "0x10"))), "16");
  EXPECT_EQ(canonical_json(json_of(*parse_quantum(ValueType::number, "1.50"))), "1.5");
  EXPECT_EQ(canonical_json(json_of(*parse_quantum(ValueType::duration, "1500 ms"))), "\"1.5 s\"");
}

TEST(Amount, IsReadOnlyFromAValueOfTheType) {
  EXPECT_EQ(amount_of(ValueType::duration, json::string("2 ms")), 2e6);
  EXPECT_EQ(amount_of(ValueType::number, 7), 7.0);
  EXPECT_EQ(amount_of(ValueType::number, 7u), 7.0);
  EXPECT_EQ(amount_of(ValueType::number, 0.5), 0.5);
  EXPECT_FALSE(amount_of(ValueType::duration, json::string("2 MiB")).has_value());
  EXPECT_FALSE(amount_of(ValueType::duration, 2).has_value());
  EXPECT_FALSE(amount_of(ValueType::number, json::string("7")).has_value());
  EXPECT_FALSE(amount_of(ValueType::number, nullptr).has_value());
}

TEST(Shown, IsShortAndPrintable) {
  EXPECT_EQ(shown(ValueType::duration, json::string("831234567 ns")), "831 ms");
  EXPECT_EQ(shown(ValueType::size, json::string("1536 B")), "1.5 KiB");
  EXPECT_EQ(shown(ValueType::yes_or_no, true), "yes");
  EXPECT_EQ(shown(ValueType::whole_number, 503), "503");
  EXPECT_EQ(shown(ValueType::text, json::string("a\x1B[31mb")), "\"a?[31mb\"");
  EXPECT_EQ(shown(ValueType::json, json::object{{"a", nullptr}}), "{\"a\":null}");
  EXPECT_LT(shown(ValueType::json, json::array(1000, 7)).size(), 70U);
  EXPECT_LT(shown(ValueType::text, json::string(1000, 'x')).size(), 70U);
}

}  // namespace
}  // namespace squall::probe
