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

Facts with_files(const std::string& content, const std::string& source_content) {
  Facts facts;
  facts.files["/etc/app"] = {.exists = true, .size = content.size(), .sha256 = sha256_hex(content)};
  facts.files["/tmp/new"] = {
      .exists = true, .size = source_content.size(), .sha256 = sha256_hex(source_content)};
  return facts;
}

TEST(FileReplace, CarriesTheContentInTheChange) {
  const Strike strike =
      plan({"file.replace", R"({"path": "/etc/app", "content": "bad\n"})"}, with_files("good", ""))
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "file.content");
  EXPECT_EQ(text_at(strike.changes[0].params, "path"), "/etc/app");
  EXPECT_EQ(from_base64(text_at(strike.changes[0].params, "content")), "bad\n");
  EXPECT_EQ(strike.watches.at(0).witness, "file.changed");
}

TEST(FileReplace, NamesTheSourceInTheChange) {
  const Strike strike = plan({"file.replace", R"({"path": "/etc/app", "source": "/tmp/new"})"},
                             with_files("good", "bad"))
                            .value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "source"), "/tmp/new");
  EXPECT_FALSE(strike.changes.at(0).params.contains("content"));
  const json::value params = parse_json(R"({"path": "/etc/app", "source": "/tmp/new"})").value();
  EXPECT_EQ(find(catalogue(), "file.replace")->wants(params.as_object()).value().files,
            (std::vector<std::string>{"/etc/app", "/tmp/new"}));
}

TEST(FileReplace, EmptiesTheFileWhenNothingIsGiven) {
  const Strike strike =
      plan({"file.replace", R"({"path": "/etc/app"})"}, with_files("good", "")).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "content", "missing"), "");
}

TEST(FileReplace, RefusesContentThatIsAlreadyThere) {
  for (const std::string_view params : {R"({"path": "/etc/app", "content": "good"})",
                                        R"({"path": "/etc/app", "source": "/tmp/new"})"}) {
    const Result<Strike> strike = plan({"file.replace", params}, with_files("good", "good"));
    ASSERT_FALSE(strike.ok()) << params;
    EXPECT_THAT(strike.error().message, HasSubstr("nothing would change"));
  }
}

TEST(FileReplace, RefusesWhatIsNotThere) {
  Facts facts = with_files("good", "bad");
  facts.files["/tmp/new"].exists = false;
  const Result<Strike> source =
      plan({"file.replace", R"({"path": "/etc/app", "source": "/tmp/new"})"}, facts);
  ASSERT_FALSE(source.ok());
  EXPECT_EQ(source.error().code, Code::not_found);
  EXPECT_THAT(source.error().render(), HasSubstr("/tmp/new"));
  EXPECT_FALSE(plan({"file.replace", R"({"path": "/etc/other"})"}, facts).ok());
}

TEST(FileReplace, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("file.replace", R"({"path": "app"})"),
              HasSubstr("\"app\" is not a full path"));
  EXPECT_THAT(mistake("file.replace", R"({"path": "/app", "source": "new"})"),
              HasSubstr("\"new\" is not a full path"));
  EXPECT_THAT(mistake("file.replace", R"({"path": "/app", "source": "/n", "content": "x"})"),
              HasSubstr("both given"));
  const std::string large(2 << 20, 'x');
  EXPECT_THAT(mistake("file.replace", R"({"path": "/app", "content": ")" + large + "\"}"),
              HasSubstr("too much"));
}

}  // namespace
}  // namespace squall::fault
