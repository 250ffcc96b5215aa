#include "document/yaml.h"

#include <algorithm>

#include <fmt/core.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "core/text.h"

namespace squall::document {
namespace {

struct Read {
  Node node;
  std::string mistakes;
};

Read read(std::string_view text) {
  Diagnostics diagnostics("f");
  Node node = parse_yaml(text, diagnostics);
  return {std::move(node), diagnostics.render()};
}

std::string as_json(std::string_view text) {
  const Read got = read(text);
  return got.mistakes.empty() ? canonical_json(json_from_node(got.node)) : got.mistakes;
}

TEST(Yaml, BecomesATree) {
  EXPECT_EQ(as_json("a: 1\nb:\n  - x\n  - {c: true, d: [1.5, '2', \"3\"]}\ne: ~\nf:\ng: ''\n"),
            R"({"a":1,"b":["x",{"c":true,"d":[1.5,"2","3"]}],"e":null,"f":null,"g":""})");
  EXPECT_EQ(as_json("a: |\n  one\n  two\nb: >-\n  one\n  two\n"),
            R"({"a":"one\ntwo\n","b":"one two"})");
  EXPECT_EQ(as_json("{\"a\": [1, 2], \"b\": {}}"), R"({"a":[1,2],"b":{}})");
}

TEST(Yaml, TypesScalarsByVersion12) {
  EXPECT_EQ(as_json("[yes, no, on, off, 010, 0o10, 0x10, 1_000, 12:30, null, Null, 1e3]"),
            R"(["yes","no","on","off",10,8,16,"1_000","12:30",null,null,1000])");
}

TEST(Yaml, MarksKeysAndValuesFromOneInCharacters) {
  const Node node = read("ab: \"x\"\n\xC3\xA9\xC3\xA9: y\nlist:\n  - z\nnone:\n").node;
  ASSERT_EQ(node.entries.size(), 4U);
  EXPECT_EQ(node.mark, (Mark{1, 1}));
  EXPECT_EQ(node.entries[0].mark, (Mark{1, 1}));
  EXPECT_EQ(node.entries[0].value.mark, (Mark{1, 5})) << "the quote itself";
  EXPECT_EQ(node.entries[1].value.mark, (Mark{2, 5})) << "two characters of two bytes before it";
  EXPECT_EQ(node.entries[2].value.items[0].mark, (Mark{4, 5}));
  EXPECT_EQ(node.entries[3].value.mark, (Mark{5, 1})) << "an absent value has the place of its key";
}

TEST(Yaml, TellsQuotedFromPlain) {
  const Node node = read("[1, \"1\", '1', |\n 1\n]").node;
  const Node quoted = read("[1, \"1\", '1']").node;
  ASSERT_EQ(quoted.items.size(), 3U);
  EXPECT_TRUE(quoted.items[0].plain);
  EXPECT_FALSE(quoted.items[1].plain);
  EXPECT_FALSE(quoted.items[2].plain);
}

TEST(Yaml, IsNothingWhenEmpty) {
  for (const char* text : {"", "\n", "# only a comment\n", "---\n", "~"}) {
    const Read got = read(text);
    EXPECT_TRUE(got.node.is_null()) << text;
    EXPECT_EQ(got.mistakes, "") << text;
  }
}

TEST(Yaml, NamesThePlaceOfASyntaxMistake) {
  EXPECT_EQ(read("a: \"open\n").mistakes, "f:1:5: double-quoted scalar without closing quote\n");
  EXPECT_EQ(read("a:\n\tb: 1\n").mistakes,
            "f:2:1: tab character may not be used as indentation\n"
            "  hint: indent with blanks\n");
  EXPECT_EQ(read("a: b: c\n").mistakes,
            "f:1:5: invalid nested block mapping on the same line\n"
            "  hint: put a text that contains a colon in quotes, and indent all keys of a mapping "
            "alike\n");
  EXPECT_EQ(read("a: @x\n").mistakes,
            "f:1:4: plain scalar cannot start with '@'\n  hint: put the text in quotes\n");
  EXPECT_TRUE(read("a: [1, 2\n").node.is_null());
  EXPECT_NE(read(",a").mistakes, "");
}

TEST(Yaml, ExplainsAnUnquotedReferenceInBraces) {
  EXPECT_EQ(read("tcp: {port: ${redis.port}}\n").mistakes,
            "f:1:14: missing comma in flow mapping\n"
            "  hint: inside { } and [ ], a reference stands in quotes: \"${name}\"\n");
  EXPECT_EQ(as_json("port: ${redis.port}\n"), R"({"port":"${redis.port}"})");
}

TEST(Yaml, RefusesDuplicateKeysWithBothPlaces) {
  const Read got = read("a: 1\nb: 2\na: 3\nc: {x: 1, x: 2}\n");
  EXPECT_EQ(got.mistakes,
            "f:3:1: the key \"a\" stands here twice\n"
            "  hint: the first one is at line 1, column 1; keep one of them\n"
            "f:4:11: the key \"x\" stands here twice\n"
            "  hint: the first one is at line 4, column 5; keep one of them\n");
  EXPECT_EQ(canonical_json(json_from_node(got.node)), R"({"a":1,"b":2,"c":{"x":1}})");
}

TEST(Yaml, RefusesWhatItDoesNotSupport) {
  EXPECT_EQ(read("a: !!str 1\n").mistakes,
            "f:1:10: tags (!...) are not supported\n"
            "  hint: leave the tag out; quote what is a text\n");
  EXPECT_EQ(read("x: &x {a: 1}\ny:\n  <<: *x\n").mistakes,
            "f:3:3: merge keys (<<) are not supported\n  hint: write the keys out\n");
  EXPECT_EQ(read("a: 1\n---\nb: 2\n").mistakes,
            "f:2:1: a second document begins here\n"
            "  hint: one file holds one document: remove the \"---\", or split the file\n");
  EXPECT_EQ(read("? [a]\n: b\n").mistakes, "f:1:3: a sequence cannot be a key\n");
  EXPECT_EQ(read("? {a: 1}\n: b\n").mistakes, "f:1:3: a mapping cannot be a key\n");
  EXPECT_EQ(read(": b\n").mistakes, "f:1:1: a key is missing before the colon\n");
  EXPECT_EQ(read("x: &x a\n*x : b\n").mistakes, "f:2:1: an alias cannot be a key\n");
}

TEST(Yaml, CopiesAliases) {
  EXPECT_EQ(as_json("a: &x {p: 1}\nb: *x\nc: [*x, *x]\n"),
            R"({"a":{"p":1},"b":{"p":1},"c":[{"p":1},{"p":1}]})");
}

TEST(Yaml, RefusesAliasesToTheUnknownAndToThemselves) {
  EXPECT_EQ(read("a: *x\n").mistakes,
            "f:1:4: there is no complete anchor \"x\" before this\n"
            "  hint: define it with &NAME earlier in this file; it cannot contain itself\n");
  EXPECT_NE(read("a: &x [*x]\n").mistakes.find("complete anchor"), std::string::npos);
}

TEST(Yaml, SaysNothingMoreOfWhatAnUnknownAliasStandsFor) {
  const Read got = read("a: *nope\na: 2\n");
  EXPECT_EQ(std::count(got.mistakes.begin(), got.mistakes.end(), '\n'), 2) << got.mistakes;
  EXPECT_TRUE(got.node.is_null());
}

TEST(Yaml, RefusesAWrittenNulByte) {
  EXPECT_EQ(read("a: 1\nb: \"x\\0y\"\n").mistakes,
            "f:2:4: there is a NUL byte in this text\n"
            "  hint: leave the \\0 out; bytes that are no text belong into a file of their own\n");
  EXPECT_NE(read("\"k\\0\": 1\n").mistakes, "");
}

TEST(Yaml, NamesADirectiveThatItDoesNotKnow) {
  EXPECT_EQ(read("# a\n%YAML 3.0\n---\na: 1\n").mistakes,
            "f:2:1: the directive \"%YAML 3.0\" is not understood\n"
            "  hint: leave it out: this is read as YAML 1.2\n");
}

TEST(Yaml, StopsAnAliasBombEarly) {
  std::string text = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n";
  for (int i = 1; i < 12; ++i) {
    text += fmt::format("a{0}: &a{0} [*a{1}, *a{1}, *a{1}, *a{1}, *a{1}, *a{1}]\n", i, i - 1);
  }
  const Read got = read(text);
  EXPECT_NE(got.mistakes.find("more than 20000 values"), std::string::npos) << got.mistakes;
  EXPECT_TRUE(got.node.is_null());
}

TEST(Yaml, LimitsDepthSizeAndCount) {
  EXPECT_EQ(read(std::string(100, '[') + std::string(100, ']')).mistakes, "");
  EXPECT_EQ(read(std::string(101, '[') + std::string(101, ']')).mistakes,
            "f:1:101: nested deeper than 100 levels\n");
  EXPECT_NE(read(std::string(100'000, '[')).mistakes, "");
  EXPECT_NE(read(std::string((1 << 20) + 1, ' ')).mistakes.find("more than 1 MiB"),
            std::string::npos);
  std::string many;
  for (int i = 0; i < 20'001; ++i) many += "- x\n";
  EXPECT_NE(read(many).mistakes.find("more than 20000 values"), std::string::npos);
}

TEST(Yaml, RefusesBytesThatAreNoTextBeforeParsing) {
  EXPECT_EQ(read("a: 1\nb: \xFF\n").mistakes,
            "f:2:4: the bytes here are not UTF-8\n  hint: save the file as UTF-8\n");
  EXPECT_EQ(read("\xC3\xA9\xC3").mistakes,
            "f:1:2: the bytes here are not UTF-8\n  hint: save the file as UTF-8\n");
  EXPECT_EQ(read(std::string_view("a: \0", 4)).mistakes,
            "f:1:4: there is a NUL byte here; this is not a text\n");
}

TEST(Yaml, TakesAByteOrderMarkAndWindowsLineEnds) {
  EXPECT_EQ(as_json("\xEF\xBB\xBF"
                    "a: 1\r\nb: x\r\n"),
            R"({"a":1,"b":"x"})");
}

// JSON is YAML: whatever the JSON writer makes, quoted keys and all, must be read back the same.
RC_GTEST_PROP(Yaml, ReadsJson, (const std::map<std::string, std::vector<std::string>>& members)) {
  json::object object;
  for (const auto& [key, texts] : members) {
    json::array array;
    for (const std::string& text : texts) array.push_back(json::string(printable(text)));
    object[printable(key)] = array;
  }
  RC_PRE(!object.contains("<<"));
  const std::string text = canonical_json(object);
  RC_ASSERT(as_json(text) == text);
}

}  // namespace
}  // namespace squall::document
