#include "core/node.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace squall {
namespace {

Node plain(std::string text) {
  return {.kind = Node::Kind::scalar, .text = std::move(text)};
}

TEST(NodeScalar, ReadsIntegersAsYaml12Does) {
  EXPECT_EQ(plain("42").as_integer(), 42);
  EXPECT_EQ(plain("-7").as_integer(), -7);
  EXPECT_EQ(plain("+7").as_integer(), 7);
  EXPECT_EQ(plain("010").as_integer(), 10) << "YAML 1.1 made this eight";
  EXPECT_EQ(plain("0o17").as_integer(), 15);
  EXPECT_EQ(plain("0xFf").as_integer(), 255);
  EXPECT_EQ(plain("9223372036854775807").as_integer(), INT64_MAX);
  for (const char* text : {"9223372036854775808", "1.0", "+-7", "0x", "0x-1", "0o8", "1_000", " 1",
                           "1 ", "", "1:30", "0b1"}) {
    EXPECT_EQ(plain(text).as_integer(), std::nullopt) << text;
  }
}

TEST(NodeScalar, ReadsNumbersAsYaml12Does) {
  EXPECT_EQ(plain("1.5").as_number(), 1.5);
  EXPECT_EQ(plain(".5").as_number(), 0.5);
  EXPECT_EQ(plain("-1e3").as_number(), -1000);
  EXPECT_EQ(plain("0x10").as_number(), 16);
  for (const char* text : {"inf", "nan", ".inf", ".nan", "1e999", "1.2.3", "e", "-", "1e", "--1"}) {
    EXPECT_EQ(plain(text).as_number(), std::nullopt) << text;
  }
}

TEST(NodeScalar, ReadsOnlyTrueAndFalseAsBooleans) {
  EXPECT_EQ(plain("true").as_bool(), true);
  EXPECT_EQ(plain("FALSE").as_bool(), false);
  for (const char* text : {"yes", "no", "on", "off", "y", "tRue", "1", ""}) {
    EXPECT_EQ(plain(text).as_bool(), std::nullopt) << text;
  }
}

TEST(NodeScalar, IsAlwaysTextInQuotes) {
  EXPECT_EQ(text_node("42").as_integer(), std::nullopt);
  EXPECT_EQ(text_node("42").as_number(), std::nullopt);
  EXPECT_EQ(text_node("true").as_bool(), std::nullopt);
  EXPECT_EQ(json_from_node(text_node("42")), json::value("42"));
  EXPECT_EQ(json_from_node(plain("42")), json::value(42));
}

TEST(NodeMapping, FindsByKey) {
  Node node{.kind = Node::Kind::mapping};
  node.entries.push_back({"a", {1, 1}, plain("1")});
  ASSERT_NE(node.find("a"), nullptr);
  EXPECT_EQ(node.find("a")->text, "1");
  EXPECT_EQ(node.find("b"), nullptr);
  EXPECT_EQ(plain("a").find("a"), nullptr);
}

TEST(NodeJson, KeepsTheTypeOfEveryValue) {
  const char* text = R"({"a":[1,-2.5,"3",true,false,null,{}],"b":{"c":"true"},"d":[],"e":""})";
  const json::value value = *parse_json(text);
  EXPECT_EQ(canonical_json(json_from_node(node_from_json(value))), text);
}

TEST(NodeJson, KeepsTheLargestIntegers) {
  const json::value value = *parse_json("[9223372036854775807,-9223372036854775808]");
  EXPECT_EQ(json_from_node(node_from_json(value)), value);
}

TEST(ParseJson, RefusesBrokenDeepAndTrailingText) {
  EXPECT_FALSE(parse_json("{").ok());
  EXPECT_FALSE(parse_json("").ok());
  EXPECT_FALSE(parse_json("{} x").ok());
  EXPECT_FALSE(parse_json("{\"a\":1,}").ok());
  EXPECT_FALSE(parse_json("\"\xFF\"").ok());
  EXPECT_FALSE(parse_json(std::string(65, '[') + std::string(65, ']')).ok());
  EXPECT_TRUE(parse_json(std::string(64, '[') + std::string(64, ']')).ok());
  EXPECT_TRUE(parse_json(" 1 \n").ok());
}

TEST(ParseJson, NamesTheByte) {
  const Result<json::value> value = parse_json("{\"a\": x}");
  ASSERT_FALSE(value.ok());
  EXPECT_NE(value.error().message.find("at byte 6"), std::string::npos) << value.error().message;
}

TEST(CanonicalJson, SortsKeysAtEveryLevelAndWritesPlainNumbers) {
  const json::value value = *parse_json(R"({"b":{"z":1.50,"a":1e3},"a":[0.1,"x\n"]})");
  EXPECT_EQ(canonical_json(value), R"({"a":[0.1,"x\n"],"b":{"a":1000,"z":1.5}})");
}

TEST(PrettyJson, IndentsAndKeepsTheOrderOfKeys) {
  const json::value value = *parse_json(R"({"b":1,"a":[1,{}],"c":[]})");
  EXPECT_EQ(pretty_json(value), "{\n  \"b\": 1,\n  \"a\": [\n    1,\n    {}\n  ],\n  \"c\": []\n}");
}

TEST(JsonAccess, FallsBackOnMissingAndMistypedMembers) {
  const json::object object =
      parse_json(R"({"t":"x","n":3,"d":1.5,"b":true,"o":{},"a":[]})")->as_object();
  EXPECT_EQ(text_at(object, "t"), "x");
  EXPECT_EQ(text_at(object, "n", "none"), "none");
  EXPECT_EQ(integer_at(object, "n"), 3);
  EXPECT_EQ(integer_at(object, "t", 9), 9);
  EXPECT_EQ(number_at(object, "n"), 3.0);
  EXPECT_EQ(number_at(object, "d"), 1.5);
  EXPECT_TRUE(bool_at(object, "b"));
  EXPECT_NE(object_at(object, "o"), nullptr);
  EXPECT_EQ(object_at(object, "a"), nullptr);
  EXPECT_NE(array_at(object, "a"), nullptr);
  EXPECT_EQ(array_at(object, "missing"), nullptr);
}

RC_GTEST_PROP(CanonicalJson, IsReadBackToTheSameBytes,
              (const std::map<std::string, std::vector<int>>& members)) {
  json::object object;
  for (const auto& [key, numbers] : members) {
    if (key.find_first_not_of("abcdefghijklmnopqrstuvwxyz\"\\\n\t ") != std::string::npos) continue;
    json::array array;
    for (const int number : numbers) array.push_back(number / 8.0);
    object[key] = array;
  }
  const std::string text = canonical_json(object);
  const Result<json::value> back = parse_json(text);
  RC_ASSERT(back.ok());
  RC_ASSERT(canonical_json(*back) == text);
}

}  // namespace
}  // namespace squall
