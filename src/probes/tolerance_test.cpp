#include "probes/tolerance.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "probes/samples_test.h"

namespace squall::probe {
namespace {

using ::testing::HasSubstr;

// "" when the good sample is good, otherwise why not.
std::string why_not(std::string_view document) {
  const Judgement judgement = tolerance_of(document).judge(good_sample());
  EXPECT_EQ(judgement.good, judgement.why.empty());
  return judgement.why;
}

struct Case {
  std::string document;
  std::string why;  // empty: the good sample is good
};
void PrintTo(const Case& one, std::ostream* out) {
  *out << one.document;
}

class Judged : public testing::TestWithParam<Case> {};

TEST_P(Judged, AsExpected) {
  EXPECT_EQ(why_not(GetParam().document), GetParam().why);
}

INSTANTIATE_TEST_SUITE_P(
    Equality, Judged,
    testing::Values(Case{R"({"status": 200})", ""}, Case{R"({"status": "200"})", ""},
                    Case{R"({"status": 404})", "status is 200, not 404"},
                    Case{R"({"status": "!= 200"})", "status is 200, which it must not be"},
                    Case{R"({"status": "!= 404"})", ""}, Case{R"({"load": 0.75})", ""},
                    Case{R"({"latency": "0.812 s"})", ""},
                    Case{R"({"latency": "1 s"})", "latency is 812 ms, not 1 s"},
                    Case{R"({"bytes": "65536 B"})", ""}, Case{R"({"used": "30 %"})", ""},
                    Case{R"({"events": "6000 /min"})", ""}, Case{R"({"reached": true})", ""},
                    Case{R"({"reached": "yes"})", ""},
                    Case{R"({"reached": false})", "reached is yes, not no"},
                    Case{R"({"body": "ready\nok"})", ""},
                    Case{R"({"body": "ready"})", "body is \"ready?ok\", not \"ready\""},
                    Case{R"({"body": "<html>"})", "body is \"ready?ok\", not \"<html>\""},
                    Case{R"({"body": "!= down"})", ""},
                    Case{R"({"body": {"equals": "!= down"}})",
                         "body is \"ready?ok\", not \"!= down\""}));

INSTANTIATE_TEST_SUITE_P(
    Order, Judged,
    testing::Values(
        Case{R"({"latency": "< 500 ms"})", "latency is 812 ms, not < 500 ms"},
        Case{R"({"latency": "<1 s"})", ""}, Case{R"({"latency": "<= 812 ms"})", ""},
        Case{R"({"latency": "> 812 ms"})", "latency is 812 ms, not > 812 ms"},
        Case{R"({"latency": ">= 0.812 s"})", ""}, Case{R"({"latency": "100 ms..1 s"})", ""},
        Case{R"({"latency": "812 ms .. 813 ms"})", ""},
        Case{R"({"latency": "1 s..2 s"})", "latency is 812 ms, not between 1 s and 2 s"},
        Case{R"({"latency": {"between": ["800 ms", "1 s"]}})", ""},
        Case{R"({"status": "200..299"})", ""},
        Case{R"({"status": {"not": "200..299"}})", "status is 200, which is between 200 and 299"},
        Case{R"({"load": "0.5..0.7"})", "load is 0.75, not between 0.5 and 0.7"},
        Case{R"({"bytes": "< 64 kB"})", "bytes is 64 KiB, not < 64000 B"},
        Case{R"({"used": "<= 30 %"})", ""},
        Case{R"({"used": "> 50 %"})", "used is \"30 %\", not > 50 %"},
        Case{R"({"events": "> 5999 /min"})", ""}));

INSTANTIATE_TEST_SUITE_P(
    Words, Judged,
    testing::Values(
        Case{R"({"body": {"matches": "^ready"}})", ""},
        Case{R"({"body": {"matches": "^ok"}})", "body is \"ready?ok\", which does not match /^ok/"},
        Case{R"({"body": {"not": {"matches": "ok"}}})", "body is \"ready?ok\", which matches /ok/"},
        Case{R"({"status": {"matches": "^2..$"}})", ""},
        Case{R"({"body": {"contains": "dy\no"}})", ""},
        Case{R"({"body": {"contains": "down"}})",
             "body is \"ready?ok\", which does not contain \"down\""},
        Case{R"({"status": {"any": [204, 200]}})", ""},
        Case{R"({"status": {"any": [201, 202, 204]}})", "status is 200, not 201, 202 or 204"},
        Case{R"({"status": {"any": [404, "> 500"]}})",
             "status is 200, not 404, and status is 200, not > 500"},
        Case{R"({"status": {"all": [">= 200", "< 200"]}})", "status is 200, not < 200"},
        Case{R"({"status": {"not": 404, "between": [100, 300]}})", ""},
        Case{R"({"latency": {"present": true}})", ""},
        Case{R"({"latency": {"present": false}})", "latency is there"},
        Case{R"({"any": [{"status": 500}, {"body": {"contains": "ok"}}]})", ""},
        Case{R"({"all": [{"status": 200}, {"status": "< 100"}]})", "status is 200, not < 100"},
        Case{R"({"not": {"status": 500}})", ""},
        Case{R"({"not": {"status": 200, "load": "< 1"}})",
             "status is 200, which it must not be, and load is 0.75, not >= 1"}));

INSTANTIATE_TEST_SUITE_P(
    Json, Judged,
    testing::Values(Case{R"({"json": {"$.state": "up"}})", ""},
                    Case{R"({"json": {"$.state": "down"}})", "$.state is \"up\", not \"down\""},
                    Case{R"({"json": {"$.n": 3, "$.took": "< 20 ms"}})", ""},
                    Case{R"({"json": {"$.n": "> 3"}})", "$.n is 3, not > 3"},
                    Case{R"({"json": {"$.n": "3"}})", "$.n is 3, not \"3\""},
                    Case{R"({"json": {"$.n": "1..3"}})", ""},
                    Case{R"({"json": {"$.none": null}})", ""},
                    Case{R"({"json": {"$.state": null}})", "$.state is \"up\", not null"},
                    Case{R"({"json": {"$.missing": null}})", "$.missing is not there"},
                    Case{R"({"json": {"$.missing": {"not": "x"}}})", "$.missing is not there"},
                    Case{R"({"json": {"$.missing": {"present": false}}})", ""},
                    Case{R"({"json": {"$.state": {"present": false}}})", "$.state is there"},
                    Case{R"({"json": {"$.state": "> 5"}})",
                         "$.state is \"up\", which is not a number"},
                    Case{R"({"json": {"$.state": {"not": "> 5"}}})",
                         "$.state is \"up\", which is not a number"},
                    Case{R"({"json": {"$.odd": {"equals": "< 5"}}})", ""},
                    Case{R"({"json": {"$.list": [1, "a", {"id": 1}]}})", ""},
                    Case{R"({"json": {"$.list": {"contains": "a"}}})", ""},
                    Case{R"({"json": {"$.list": {"contains": "b"}}})",
                         "$.list is [1,\"a\",{\"id\":1}], which does not contain \"b\""},
                    Case{R"({"json": {"$.list[2]": {"equals": {"id": 1.0}}}})", ""},
                    Case{R"({"json": {"$.list[2]": {"$.id": 1}}})", ""},
                    Case{R"({"json": {"$.nodes[*].ok": true}})", "$.nodes[*].ok is no, not yes"},
                    Case{R"({"not": {"json": {"$.nodes[*].ok": true}}})", ""},
                    Case{R"({"not": {"json": {"$.nodes[*].ok": "up"}}})", ""},
                    Case{R"({"json": {"$.nodes[*].ok": {"any": [true, false]}}})", ""},
                    Case{R"({"json": {"$.list[*].id": 1}})", ""},
                    Case{R"({"json": {"$..ok": {"not": "x"}}})", ""},
                    Case{R"({"json": {"present": true}})", ""},
                    Case{R"({"json": {"$.list": {"matches": "a"}}})",
                         "$.list is [1,\"a\",{\"id\":1}], which is not a text"}));

TEST(Tolerance, AcceptsWhatWasReachedWhenNothingIsDemanded) {
  for (const char* document : {"null", "{}"}) {
    const Tolerance tolerance = tolerance_of(document);
    EXPECT_TRUE(tolerance.judge(good_sample()).good);
    const Judgement judgement = tolerance.judge(unreached_sample());
    EXPECT_FALSE(judgement.good);
    EXPECT_EQ(judgement.why, "connection refused by 127.0.0.1:80");
    EXPECT_EQ(tolerance.describe(), "the target answers");
    EXPECT_TRUE(tolerance.source().is_null());
  }
}

TEST(Tolerance, IsBrokenByAProblemWhateverElseItDemands) {
  for (const char* document : {R"({"status": "!= 500"})", R"({"latency": {"present": false}})",
                               R"({"any": [{"status": 200}, {"status": {"not": 200}}]})"}) {
    const Judgement judgement = tolerance_of(document).judge(unreached_sample());
    EXPECT_FALSE(judgement.good) << document;
    EXPECT_EQ(judgement.why, "connection refused by 127.0.0.1:80");
  }
}

TEST(Tolerance, ForgivesAProblemWhenItAsksForPresence) {
  const Sample unreached = unreached_sample();
  EXPECT_TRUE(tolerance_of(R"({"reached": false})").judge(unreached).good);
  EXPECT_TRUE(tolerance_of(R"({"not": {"reached": true}})").judge(unreached).good);
  EXPECT_TRUE(
      tolerance_of(R"({"any": [{"status": 200}, {"reached": false}]})").judge(unreached).good);
  EXPECT_EQ(tolerance_of(R"({"reached": true})").judge(unreached).why, "reached is no, not yes");
  EXPECT_EQ(tolerance_of(R"({"reached": false, "latency": "< 5 ms"})").judge(unreached).why,
            "latency could not be read: connection refused by 127.0.0.1:80");
}

TEST(Tolerance, IsNotSatisfiedByAProbeThatCouldNotEvenTry) {
  Sample stopped;
  stopped.problem = "stopped while waiting for 127.0.0.1:80";
  for (const char* document : {R"({"reached": false})", R"({"reached": {"not": true}})",
                               R"({"reached": {"any": [true, false]}})"}) {
    const Judgement judgement = tolerance_of(document).judge(stopped);
    EXPECT_FALSE(judgement.good) << document;
    EXPECT_THAT(judgement.why, HasSubstr("reached could not be read: stopped while waiting"));
  }
}

TEST(Tolerance, ShowsTheExactValueWhereTheRoundedOneWouldLookRight) {
  Sample sample = good_sample();
  sample.values["latency"] = "500123456 ns";
  EXPECT_EQ(tolerance_of(R"({"latency": "< 500 ms"})").judge(sample).why,
            "latency is 500123456 ns, not < 500 ms");
}

TEST(Tolerance, GivesUpOnATextThatIsTooLongForItsExpression) {
  Sample sample = good_sample();
  sample.values["body"] = json::string(500 << 10, 'x');
  for (const char* document :
       {R"({"body": {"matches": "y"}})", R"({"body": {"not": {"matches": "y"}}})"}) {
    const Judgement judgement = tolerance_of(document).judge(sample);
    EXPECT_FALSE(judgement.good);
    EXPECT_EQ(judgement.why, "body is too long for /y/ to be searched in it");
  }
}

TEST(Tolerance, DescribesItself) {
  const auto description = [](std::string_view document) {
    return tolerance_of(document).describe();
  };
  EXPECT_EQ(description(R"({"status": 200, "latency": "<500 ms"})"),
            "status is 200 and latency < 500 ms");
  EXPECT_EQ(description(R"({"status": {"any": [200, 204]}, "body": {"matches": "ok|up"}})"),
            "status is 200 or 204 and body matches /ok|up/");
  EXPECT_EQ(description(R"({"any": [{"status": 200, "load": "0..1"}, {"reached": false}]})"),
            "(status is 200 and load is between 0 and 1) or reached is no");
  EXPECT_EQ(description(R"({"json": {"$.state": {"not": "up"}, "$.a[*]": "> 5 ms"}})"),
            "$.state is not \"up\" and every $.a[*] > 5 ms");
  EXPECT_EQ(description(R"({"not": {"json": {"$.a[*]": {"contains": 1}}}})"),
            "some $.a[*] does not contain 1");
  EXPECT_EQ(description(R"({"body": {"present": false}, "bytes": {"not": "<= 1 MiB"}})"),
            "body is not there and bytes > 1 MiB");
}

TEST(Tolerance, KeepsItsSourceInCanonicalForm) {
  const auto source = [](std::string_view document) {
    return compact_json(tolerance_of(document).source());
  };
  EXPECT_EQ(source(R"({"status": "200", "latency": " <  0.5 s"})"),
            R"({"status":200,"latency":"< 500 ms"})");
  EXPECT_EQ(source(R"({"latency": "10 ms .. 0.02 s"})"), R"({"latency":"10 ms..20 ms"})");
  EXPECT_EQ(source(R"({"reached": "no", "body": {"equals": "!= x"}})"),
            R"({"reached":false,"body":{"equals":"!= x"}})");
  EXPECT_EQ(source(R"({"not": {"status": {"not": "!= 4"}}})"),
            R"({"not":{"status":{"not":"!= 4"}}})");
  EXPECT_EQ(source(R"({"json": {"$.a": {"equals": "< 5"}, "$.b": {"equals": {"c": 1}}}})"),
            R"({"json":{"$.a":{"equals":"< 5"},"$.b":{"equals":{"c":1}}}})");
}

TEST(Tolerance, KeepsTheTextOfAPlainScalar) {
  Diagnostics diagnostics;
  Node node{.kind = Node::Kind::mapping};
  node.entries.push_back({"body", {}, Node{.kind = Node::Kind::scalar, .text = "0644"}});
  const Tolerance tolerance = Tolerance::parse(node, every_type_kind(), diagnostics);
  ASSERT_TRUE(diagnostics.empty()) << diagnostics.render();
  EXPECT_EQ(compact_json(tolerance.source()), R"({"body":"0644"})");
}

struct Mistake {
  std::string document;
  std::string message;
  std::string hint;
};
void PrintTo(const Mistake& one, std::ostream* out) {
  *out << one.document;
}

class Mistaken : public testing::TestWithParam<Mistake> {};

TEST_P(Mistaken, IsToldWithAHint) {
  Diagnostics diagnostics;
  tolerance_of(*parse_json(GetParam().document), diagnostics);
  ASSERT_EQ(diagnostics.size(), 1U) << diagnostics.render();
  EXPECT_THAT(diagnostics.sorted()[0].message, HasSubstr(GetParam().message));
  EXPECT_THAT(diagnostics.sorted()[0].hint, HasSubstr(GetParam().hint));
}

INSTANTIATE_TEST_SUITE_P(
    All, Mistaken,
    testing::Values(
        Mistake{"[]", "a mapping from values to demands is expected here, not a sequence",
                "fake measures reached, status"},
        Mistake{R"("up")", "not a scalar", "fake measures"},
        Mistake{R"({"latncy": "< 5 ms"})", "has no value \"latncy\"", "did you mean \"latency\"?"},
        Mistake{R"({"colour": 5})", "has no value \"colour\"", "fake measures reached"},
        Mistake{R"({"latency": "< 500"})", "latency: the duration \"500\" has no unit",
                "\"500 ms\""},
        Mistake{R"({"latency": "< 5 MiB"})", "latency: \"MiB\" is not a unit of time", "use ns"},
        Mistake{R"({"latency": "fast"})", "latency: \"fast\" does not start with a number",
                "write for example 500 ms"},
        Mistake{R"({"latency": "5 ms..1 ms"})", "the range is the wrong way round",
                "write 1 ms..5 ms"},
        Mistake{R"({"latency": "5..10 ms"})", "has no unit", "5 ms"},
        Mistake{R"({"latency": {"between": ["5 ms"]}})", "needs a list of two ends", "between: ["},
        Mistake{R"({"latency": {"matches": "5"}})", "for texts and whole numbers", "matches"},
        Mistake{R"({"latency": ["5 ms"]})", "a list is not understood here", "{any: [...]}"},
        Mistake{R"({"latency": null})", "nothing is demanded of it", "latency: 500 ms"},
        Mistake{R"({"latency": {}})", "nothing is demanded here", ""},
        Mistake{R"({"latency": {"$.a": 1}})", "a JSON path leads nowhere", "under `json`"},
        Mistake{R"({"latency": {"equals": {"a": 1}}})",
                "a duration is expected here, not a mapping", "500 ms"},
        Mistake{R"({"status": 1.5})", "\"1.5\" is not a whole number", "write for example 200"},
        Mistake{R"({"status": "ok"})", "\"ok\" is not a whole number", "200"},
        Mistake{R"({"status": {"mathces": "2.."}})", "\"mathces\" is not understood",
                "did you mean \"matches\"?"},
        Mistake{R"({"status": {"frob": 1}})", "\"frob\" is not understood", "use equals, matches"},
        Mistake{R"({"status": {"any": []}})", "at least one item", "any: ["},
        Mistake{R"({"status": {"any": 200}})", "at least one item", "any: ["},
        Mistake{R"({"status": {"contains": "2"}})", "for texts and lists", "contains"},
        Mistake{R"({"reached": "perhaps"})", "\"perhaps\" is not yes or no", "true or false"},
        Mistake{R"({"reached": "< true"})", "has no order", "true"},
        Mistake{R"({"body": {"matches": "a(b"}})", "is broken at byte 4", "backslash"},
        Mistake{R"({"body": {"contains": ["a"]}})", "needs one text", "contains: ready"},
        Mistake{R"({"body": {"present": [1]}})", "a sequence is not yes or no", "true or false"},
        Mistake{R"({"json": {"$.a[?x]": 1}})", "filters are not supported, at character 5", ""},
        Mistake{R"({"json": {"state": "up"}})", "json: \"state\" is not understood",
                "a JSON path starts with \"$\""},
        Mistake{R"({"json": {"$.a": "< b"}})", "\"b\" cannot be compared", "{equals: \"<...\"}"},
        Mistake{R"({"json": {"$.a": {"between": [1, "5 ms"]}}})", "different units",
                "10 ms..20 ms"},
        Mistake{R"({"not": {}})", "nothing is demanded here", ""},
        Mistake{R"({"any": [200]})", "a mapping from values to demands is expected", "measures"}));

TEST(Tolerance, TellsAllMistakesAtTheirPlaces) {
  Node node{.kind = Node::Kind::mapping, .mark = {3, 5}};
  node.entries.push_back({"statu", {4, 7}, text_node("200", {4, 14})});
  node.entries.push_back({"latency", {5, 7}, text_node("< 5", {5, 16})});
  Node words{.kind = Node::Kind::mapping, .mark = {6, 13}};
  words.entries.push_back({"matches", {6, 14}, text_node("(", {6, 23})});
  words.entries.push_back({"contain", {6, 28}, text_node("x", {6, 37})});
  node.entries.push_back({"body", {6, 7}, words});
  Diagnostics diagnostics("drill.yaml");
  Tolerance::parse(node, every_type_kind(), diagnostics);
  const std::vector<Diagnostic> found = diagnostics.sorted();
  ASSERT_EQ(found.size(), 4U) << diagnostics.render();
  EXPECT_EQ(found[0].mark, (Mark{4, 7}));
  EXPECT_EQ(found[1].mark, (Mark{5, 16}));
  EXPECT_EQ(found[2].mark, (Mark{6, 23}));
  EXPECT_EQ(found[3].mark, (Mark{6, 28}));
}

TEST(Tolerance, RefusesADocumentThatIsNestedWithoutEnd) {
  json::value document = json::object{{"status", 200}};
  for (int i = 0; i < 1000; ++i) {
    json::object outer;
    outer["not"] = std::move(document);
    document = std::move(outer);
  }
  Diagnostics diagnostics;
  tolerance_of(document, diagnostics);
  EXPECT_THAT(diagnostics.render(), HasSubstr("nested too deeply"));
}

}  // namespace
}  // namespace squall::probe
