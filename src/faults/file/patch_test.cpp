#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/digest.h"
#include "core/text.h"
#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_file(const std::string& content) {
  Facts facts;
  facts.files["/etc/app"] = {
      .exists = true, .size = content.size(), .sha256 = sha256_hex(content), .content = content};
  return facts;
}

// The new content, or why there is none.
std::string patched(const std::string& content, const json::object& how) {
  json::object params = how;
  params["path"] = "/etc/app";
  const Result<Strike> strike = plan({"file.patch", canonical_json(params)}, with_file(content));
  if (!strike.ok()) return "refused: " + strike.error().render() + " / " + strike.error().next;
  EXPECT_EQ(strike->changes.at(0).kind, "file.content");
  return from_base64(text_at(strike->changes.at(0).params, "content")).value();
}

TEST(FilePatch, ReplacesATextLiterally) {
  EXPECT_EQ(patched("a.b a+b a.b", {{"find", "a.b"}, {"replace", "$1"}}), "$1 a+b $1");
  EXPECT_EQ(patched("x x x", {{"find", "x"}, {"replace", "y"}, {"times", 2}}), "y y x");
  EXPECT_EQ(patched("one\ntwo\n", {{"find", "one\n"}}), "two\n");
}

TEST(FilePatch, ReplacesWhatAPatternFinds) {
  EXPECT_EQ(
      patched("a\nlisten = 80\nb\n", {{"pattern", "^(listen) *= *\\d+$"}, {"replace", "$1 = 0"}}),
      "a\nlisten = 0\nb\n");
  EXPECT_EQ(patched("1 2 3", {{"pattern", "\\d"}, {"replace", "x"}, {"times", 1}}), "x 2 3");
}

TEST(FilePatch, SetsValuesInJsonAndYamlAndKeepsTheRest) {
  EXPECT_EQ(
      patched("{\"a\" : [1, 2],\n \"b\": true}", {{"json", {{"$.a[1]", "two"}, {"$.b", nullptr}}}}),
      "{\"a\" : [1, \"two\"],\n \"b\": null}");
  EXPECT_EQ(patched("# top\ndb:\n  host: one  # primary\n", {{"yaml", {{"$.db.host", "two"}}}}),
            "# top\ndb:\n  host: two  # primary\n");
}

TEST(FilePatch, RefusesAPatchThatChangesNothing) {
  for (const json::object& how :
       {json::object{{"find", "c"}, {"replace", "d"}},
        json::object{{"find", "a"}, {"replace", "a"}}, json::object{{"pattern", "x+"}}}) {
    EXPECT_THAT(patched("a b", how), HasSubstr("changes nothing")) << canonical_json(how);
  }
  EXPECT_THAT(patched("{\"a\": 1}", {{"json", {{"$.a", 1}}}}), HasSubstr("changes nothing"));
  EXPECT_THAT(patched("a: x\n", {{"yaml", {{"$.a", "x"}}}}), HasSubstr("changes nothing"));
}

TEST(FilePatch, RefusesWhatCannotBeDone) {
  EXPECT_THAT(patched("a: 1\n", {{"json", {{"$.a", 1}}}}), HasSubstr("patching /etc/app"));
  EXPECT_THAT(patched("{\"a\": 1}", {{"json", {{"$.b", 1}}}}), HasSubstr("nothing stands at"));
  EXPECT_THAT(patched("a: |\n  b\n", {{"yaml", {{"$.a", 1}}}}), HasSubstr("by find and replace"));
  EXPECT_THAT(patched(std::string(1000, 'a'), {{"find", "a"}, {"replace", std::string(3000, 'b')}}),
              HasSubstr("more than 2 MiB"));
}

TEST(FilePatch, SaysWhatTheFileMustStillHold) {
  const Strike strike =
      plan({"file.patch", R"({"path": "/etc/app", "find": "a"})"}, with_file("a b")).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "expects"), sha256_hex("a b"));
  EXPECT_EQ(strike.watches.at(0).witness, "file.changed");
}

TEST(FilePatch, RefusesFilesThatItCannotRead) {
  const auto refusal = [](const Facts& facts) {
    return plan({"file.patch", R"({"path": "/etc/app", "find": "a"})"}, facts).error().message;
  };
  EXPECT_THAT(refusal(Facts{}), HasSubstr("no regular file /etc/app"));
  Facts facts;
  facts.files["/etc/app"] = {.is_folder = true};
  EXPECT_THAT(refusal(facts), HasSubstr("is a folder"));
  facts.files["/etc/app"] = {.exists = true, .size = 2 << 20};
  EXPECT_THAT(refusal(facts), HasSubstr("only files of up to 1 MiB"));
  facts.files["/etc/app"] = {.exists = true, .size = 20};
  EXPECT_THAT(refusal(facts), HasSubstr("cannot be read"));
}

TEST(FilePatch, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("file.patch", R"({"path": "app", "find": "x"})"), HasSubstr("full path"));
  EXPECT_THAT(mistake("file.patch", R"({"path": "/app"})"), HasSubstr("0 of find"));
  EXPECT_THAT(mistake("file.patch", R"({"path": "/app", "find": "x", "pattern": "y"})"),
              HasSubstr("2 of find"));
  EXPECT_THAT(mistake("file.patch", R"({"path": "/app", "pattern": "("})"), HasSubstr("broken"));
  EXPECT_THAT(mistake("file.patch", R"({"path": "/app", "json": 5})"), HasSubstr("no list"));
  EXPECT_THAT(mistake("file.patch", R"({"path": "/app", "json": {}})"), HasSubstr("no list"));
  EXPECT_THAT(mistake("file.patch", R"({"path": "/app", "yaml": {"a": 1}})"),
              HasSubstr("starts with"));
  EXPECT_THAT(mistake("file.patch", R"({"path": "/app", "yaml": {"$.*": 1}})"),
              HasSubstr("several values"));
}

}  // namespace
}  // namespace squall::fault
