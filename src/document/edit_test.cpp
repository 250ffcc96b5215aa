#include "document/edit.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "document/yaml.h"

namespace squall::document {
namespace {

using testing::HasSubstr;

using Editor = Result<std::string> (*)(std::string_view, const std::vector<Edit>&);

std::string edited(Editor editor, std::string_view text,
                   const std::vector<std::pair<std::string_view, json::value>>& wanted) {
  std::vector<Edit> edits;
  for (const auto& [path, value] : wanted) {
    edits.push_back({JsonPath::parse(path).value(), value});
  }
  const Result<std::string> result = editor(text, edits);
  return result.ok() ? *result : "refused: " + result.error().message;
}

TEST(EditJson, ChangesOnlyTheBytesOfTheValue) {
  const std::string_view text =
      "{\n  \"name\" : \"a \\\"b\\\" c\",\n\t\"ports\": [80 , 443],\n  \"tls\": {\"on\": true}}\n";
  EXPECT_EQ(edited(edit_json, text, {{"$.ports[1]", 444}, {"$.tls.on", false}}),
            "{\n  \"name\" : \"a \\\"b\\\" c\",\n\t\"ports\": [80 , 444],\n"
            "  \"tls\": {\"on\": false}}\n");
  EXPECT_EQ(edited(edit_json, text, {{"$.name", "x\n"}, {"$.ports", nullptr}}),
            "{\n  \"name\" : \"x\\n\",\n\t\"ports\": null,\n  \"tls\": {\"on\": true}}\n");
  EXPECT_EQ(edited(edit_json, "[1,-2.5e3, 3]", {{"$[-1]", "three"}, {"$[1]", 0}}),
            "[1,0, \"three\"]");
  EXPECT_EQ(edited(edit_json, " 7 ", {{"$", json::object{{"a", 1}}}}), " {\"a\":1} ");
}

TEST(EditJson, RefusesWhatItCannotDoRightly) {
  EXPECT_THAT(edited(edit_json, "{\"a\":1}", {{"$.b", 1}}), HasSubstr("nothing stands at"));
  EXPECT_THAT(edited(edit_json, "{\"a\":1}", {{"$.*", 1}}), HasSubstr("several values"));
  EXPECT_THAT(edited(edit_json, "{\"a\":1,\"b\":2,\"a\":3}", {{"$.b", 1}}), HasSubstr("twice"));
  EXPECT_THAT(edited(edit_json, "{\"a\":1", {{"$.a", 1}}), HasSubstr("refused"));
  EXPECT_THAT(edited(edit_json, "{\"a\":[1]}", {{"$.a", 1}, {"$.a[0]", 2}}), HasSubstr("refused"));
}

constexpr std::string_view yaml = R"(# How the service listens.
server:
  port: 8080      # the public door
  host: 'it''s'   # quoted
  name: "a # b"
list: [one, {two: 2}, "three"]   # inline
empty:
none: ~
text: |
  port: 8080
größe: 5
)";

std::string yaml_with(std::string_view old_part, std::string_view new_part) {
  std::string text(yaml);
  const std::size_t at = text.find(old_part);
  EXPECT_NE(at, std::string::npos);
  return text.replace(at, old_part.size(), new_part);
}

TEST(EditYaml, KeepsCommentsAndStyle) {
  const auto edit = [](std::string_view path, const json::value& value) {
    return edited(edit_yaml, yaml, {{path, value}});
  };
  EXPECT_EQ(edit("$.server.port", 0), yaml_with("port: 8080 ", "port: 0 "));
  EXPECT_EQ(edit("$.server.host", "db-2.local"), yaml_with("'it''s'", "db-2.local"));
  EXPECT_EQ(edit("$.server.name", "c: d"), yaml_with("\"a # b\"", "\"c: d\""));
  EXPECT_EQ(edit("$.server.name", "8080"), yaml_with("\"a # b\"", "\"8080\""));
  EXPECT_EQ(edit("$.server.name", true), yaml_with("\"a # b\"", "true"));
  EXPECT_EQ(edit("$.server.name", "true"), yaml_with("\"a # b\"", "\"true\""));
  EXPECT_EQ(edit("$.list[0]", "zero"), yaml_with("one", "zero"));
  EXPECT_EQ(edit("$.list[1].two", "a, b"), yaml_with("two: 2", "two: \"a, b\""));
  EXPECT_EQ(edit("$.none", -1.5), yaml_with("~", "-1.5"));
  EXPECT_EQ(edit("$['größe']", nullptr), yaml_with("größe: 5", "größe: null"));
  EXPECT_EQ(edit("$.server.host", "-"), yaml_with("'it''s'", "\"-\""));
}

TEST(EditYaml, EditsSeveralValuesAtOnce) {
  EXPECT_EQ(edited(edit_yaml, "a: 1\nb: 22\nc: 3\n", {{"$.c", 30}, {"$.a", 10}}),
            "a: 10\nb: 22\nc: 30\n");
  EXPECT_EQ(edited(edit_yaml, "a: 1\r\nb: 2\r\n", {{"$.a", 10}}), "a: 10\r\nb: 2\r\n");
}

TEST(EditYaml, RefusesWhatItCannotDoRightly) {
  const auto edit = [](std::string_view text, std::string_view path, const json::value& value) {
    return edited(edit_yaml, text, {{path, value}});
  };
  EXPECT_THAT(edit(yaml, "$.server", 1), HasSubstr("only a scalar"));
  EXPECT_THAT(edit(yaml, "$.server.port", json::array{1}), HasSubstr("only a scalar"));
  EXPECT_THAT(edit(yaml, "$.text", "x"), HasSubstr("does not stand on one line"));
  EXPECT_THAT(edit(yaml, "$.empty", "x"), HasSubstr("refused"));
  EXPECT_THAT(edit(yaml, "$.server.prot", 1), HasSubstr("nothing stands at"));
  EXPECT_THAT(edit("a: &x 1\nb: *x\n", "$.b", 2), HasSubstr("anchor or alias"));
  EXPECT_THAT(edit("a: &x 1\nb: *x\n", "$.a", 2), HasSubstr("anchor or alias"));
  EXPECT_THAT(edit("a: one\n  two\n", "$.a", 2), HasSubstr("does not stand on one line"));
  EXPECT_THAT(edit("a: \"one\n  two\"\n", "$.a", 2), HasSubstr("does not stand on one line"));
  EXPECT_THAT(edit("a: 1\n---\nb: 2\n", "$.a", 2), HasSubstr("line 2"));
  EXPECT_THAT(edit("a: !Ref b\n", "$.a", 2), HasSubstr("tags"));
}

TEST(EditYaml, LeavesAnUninvolvedAnchorAlone) {
  EXPECT_EQ(edited(edit_yaml, "a: &x 1\nb: *x\nc: 3\n", {{"$.c", 4}}), "a: &x 1\nb: *x\nc: 4\n");
}

// Whatever the text: JSON is YAML, so both must come to the same tree, and the value must read
// back.
RC_GTEST_PROP(Edit, ReadsBackAsWhatWasAskedFor, (const std::vector<std::string>& texts)) {
  json::array items{"first"};
  for (const std::string& text : texts) {
    std::string tame;
    for (const char letter : text) {
      if (letter >= ' ' && letter < 127) tame += letter;
    }
    items.push_back(json::string(tame));
  }
  const std::string document = pretty_json(items);
  const auto index = *rc::gen::inRange<std::size_t>(0, items.size());
  const auto source = *rc::gen::inRange<std::size_t>(0, items.size());
  const std::vector<Edit> edits{
      {JsonPath::parse("$[" + std::to_string(index) + "]").value(), items[source]}};
  json::array expected = items;
  expected[index] = items[source];
  RC_ASSERT(parse_json(edit_json(document, edits).value()).value() == json::value(expected));
  Diagnostics none;
  const Result<std::string> as_yaml = edit_yaml(document, edits);
  RC_ASSERT(as_yaml.ok());
  RC_ASSERT(json_from_node(parse_yaml(*as_yaml, none)) == json::value(expected));
}

}  // namespace
}  // namespace squall::document
