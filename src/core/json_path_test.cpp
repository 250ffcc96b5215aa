#include "core/json_path.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

const json::value& store() {
  static const json::value document = *parse_json(R"({
      "state": "up", "count": 3, "odd-name": 1, "it's": 2, "ü": 4, "": 5,
      "nodes": [{"id": 1, "ok": true}, {"id": 2, "ok": false}, {"id": 3, "tags": ["a", "b"]}],
      "inner": {"state": "down", "deep": {"state": "lost"}}
  })");
  return document;
}

std::vector<std::string> choose(std::string_view path) {
  const Result<JsonPath> parsed = JsonPath::parse(path);
  if (!parsed.ok()) return {parsed.error().render()};
  std::vector<std::string> texts;
  const Result<std::vector<const json::value*>> chosen = parsed->select(store());
  for (const json::value* value : *chosen) texts.push_back(canonical_json(*value));
  return texts;
}

std::string mistake_of(std::string_view path) {
  const Result<JsonPath> parsed = JsonPath::parse(path);
  return parsed.ok() ? "no mistake" : parsed.error().message;
}

TEST(JsonPath, ChoosesMembersByDotAndByBracket) {
  EXPECT_THAT(choose("$.state"), ElementsAre("\"up\""));
  EXPECT_THAT(choose("$['state']"), ElementsAre("\"up\""));
  EXPECT_THAT(choose("$[\"odd-name\"]"), ElementsAre("1"));
  EXPECT_THAT(choose("$['it\\'s']"), ElementsAre("2"));
  EXPECT_THAT(choose("$[\"it's\"]"), ElementsAre("2"));
  EXPECT_THAT(choose("$.ü"), ElementsAre("4"));
  EXPECT_THAT(choose("$['\\u00fc']"), ElementsAre("4"));
  EXPECT_THAT(choose("$['']"), ElementsAre("5"));
}

TEST(JsonPath, ChoosesElementsFromEitherEnd) {
  EXPECT_THAT(choose("$.nodes[0].id"), ElementsAre("1"));
  EXPECT_THAT(choose("$.nodes[-1].id"), ElementsAre("3"));
  EXPECT_THAT(choose("$.nodes[3]"), IsEmpty());
  EXPECT_THAT(choose("$.nodes[-4]"), IsEmpty());
}

TEST(JsonPath, ChoosesEveryMemberAndElement) {
  EXPECT_THAT(choose("$.nodes[*].id"), ElementsAre("1", "2", "3"));
  EXPECT_THAT(choose("$.nodes[2].*"), ElementsAre("3", "[\"a\",\"b\"]"));
  EXPECT_THAT(choose("$.state[*]"), IsEmpty());
}

TEST(JsonPath, DescendsParentsBeforeChildren) {
  EXPECT_THAT(choose("$..state"), ElementsAre("\"up\"", "\"down\"", "\"lost\""));
  EXPECT_THAT(choose("$..tags[0]"), ElementsAre("\"a\""));
  EXPECT_THAT(choose("$..[1].id"), ElementsAre("2"));
  EXPECT_THAT(choose("$.inner..*"), ElementsAre("\"down\"", "{\"state\":\"lost\"}", "\"lost\""));
}

TEST(JsonPath, ChoosesNothingWhereTheKindDiffers) {
  EXPECT_THAT(choose("$.nodes.id"), IsEmpty());
  EXPECT_THAT(choose("$[0]"), IsEmpty());
  EXPECT_THAT(choose("$.count.x"), IsEmpty());
}

TEST(JsonPath, TheDocumentItself) {
  const Result<JsonPath> root = JsonPath::parse("$");
  ASSERT_TRUE(root.ok());
  EXPECT_THAT(*root->select(store()), ElementsAre(&store()));
}

TEST(JsonPath, KnowsWhetherItIsSingular) {
  EXPECT_TRUE(JsonPath::parse("$.a[0]['b']")->is_singular());
  EXPECT_FALSE(JsonPath::parse("$.a[*]")->is_singular());
  EXPECT_FALSE(JsonPath::parse("$..a")->is_singular());
}

TEST(JsonPath, NamesThePositionOfAMistake) {
  EXPECT_THAT(mistake_of("state"), HasSubstr("starts with \"$\", at character 1"));
  EXPECT_THAT(mistake_of(""), HasSubstr("at character 1"));
  EXPECT_THAT(mistake_of("$."), HasSubstr("after the dot, at character 3"));
  EXPECT_THAT(mistake_of("$.odd-name"), HasSubstr("at character 6"));
  EXPECT_THAT(mistake_of("$.ü["), HasSubstr("at character 5"));
  EXPECT_THAT(mistake_of("$['a"), HasSubstr("not closed, at character 3"));
  EXPECT_THAT(mistake_of("$['\\q']"), HasSubstr("as JSON demands, at character 3"));
  EXPECT_THAT(mistake_of("$[01]"), HasSubstr("number of an element, at character 3"));
  EXPECT_THAT(mistake_of("$[-0]"), HasSubstr("number of an element"));
  EXPECT_THAT(mistake_of("$[99999999999999999999]"), HasSubstr("number of an element"));
  EXPECT_THAT(mistake_of("$[0"), HasSubstr("\"]\" is expected, at character 4"));
  EXPECT_THAT(mistake_of("$a"), HasSubstr("at character 2"));
  EXPECT_THAT(mistake_of("$..."), HasSubstr("at character 4"));
}

TEST(JsonPath, RefusesWhatItDoesNotSupportByName) {
  EXPECT_THAT(mistake_of("$[?@.a]"), HasSubstr("filters are not supported, at character 3"));
  EXPECT_THAT(mistake_of("$[0:2]"), HasSubstr("slices are not supported, at character 4"));
  EXPECT_THAT(mistake_of("$['a','b']"), HasSubstr("lists of selectors are not supported"));
  EXPECT_THAT(mistake_of(std::string(2000, '$')), HasSubstr("too long"));
  EXPECT_THAT(mistake_of("$.\xFF"), HasSubstr("UTF-8"));
}

// Every ".." multiplies the values by the depth they stand at: sixty levels, six times over.
TEST(JsonPath, EndsEarlyOnAHostilePairOfPathAndDocument) {
  json::value nested = 0;
  for (int i = 0; i < 60; ++i) nested = json::array{nested, nested == 0 ? 1 : 2};
  const Result<JsonPath> path = JsonPath::parse("$..*..*..*..*..*..*");
  ASSERT_TRUE(path.ok());
  const auto chosen = path->select(nested);
  ASSERT_FALSE(chosen.ok());
  EXPECT_THAT(chosen.error().message, HasSubstr("more than 1000000 steps"));
}

}  // namespace
}  // namespace squall
