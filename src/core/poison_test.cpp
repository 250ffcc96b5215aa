#include "core/poison.h"

#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/node.h"
#include "core/text.h"

namespace squall {
namespace {

using ::testing::HasSubstr;

constexpr std::string_view good = R"({"id": 1, "name": "x"})";

TEST(PoisonMessages, AreWrongEachInItsOwnWay) {
  std::set<std::string> names;
  std::set<std::string> texts;
  for (const PoisonMessage& poison : poison_messages(good).value()) {
    EXPECT_TRUE(names.insert(poison.name).second) << poison.name;
    EXPECT_TRUE(texts.insert(poison.bytes).second) << poison.name;
    EXPECT_NE(poison.bytes, good);
    if (poison.family == "json") {
      EXPECT_FALSE(parse_json(poison.bytes).ok()) << poison.name;
    }
    if (poison.family == "encoding" && poison.name != "nul_bytes") {
      EXPECT_FALSE(is_valid_utf8(poison.bytes)) << poison.name;
    }
  }
  EXPECT_TRUE(names.contains("without_name"));
  EXPECT_TRUE(names.contains("other_type_of_id"));
}

TEST(PoisonMessages, CanBeOfOneFamilyOnly) {
  for (const std::string& family : poison_families()) {
    const std::vector<PoisonMessage> messages = poison_messages(good, {family}).value();
    EXPECT_FALSE(messages.empty()) << family;
    for (const PoisonMessage& message : messages) EXPECT_EQ(message.family, family);
  }
  EXPECT_THAT(poison_messages(good, {"sql"}).error().next, HasSubstr("use json,"));
}

TEST(PoisonMessages, NeedNoGoodOne) {
  EXPECT_GT(poison_messages("").value().size(), 10U);
}

TEST(PoisonPortions, TakeTheFormsInTurn) {
  const std::vector<PoisonPortion> portions =
      poison_portions({.families = {"types"}, .messages = 3}).value();
  ASSERT_EQ(portions.size(), 2U) << "a list and null, since there is no good message";
  EXPECT_EQ(portions[0].bytes, "[]");
  EXPECT_EQ(portions[0].count, 2);
  EXPECT_EQ(portions[1].count, 1);
  EXPECT_EQ(poison_portions({.families = {"types"}, .messages = 1}).value().size(), 1U);
}

TEST(PoisonPortions, AreBounded) {
  for (const std::int64_t messages : {0, -1, 1001}) {
    EXPECT_EQ(poison_portions({.messages = messages}).error().code, Code::invalid) << messages;
  }
  const auto large = poison_portions({.families = {"oversize"}, .messages = 1000});
  ASSERT_FALSE(large.ok());
  EXPECT_THAT(large.error().next, HasSubstr("oversize"));
  EXPECT_TRUE(poison_portions({.messages = 1000}).ok() == false);
  EXPECT_TRUE(poison_portions({.families = {"json"}, .messages = 1000}).ok());
}

}  // namespace
}  // namespace squall
