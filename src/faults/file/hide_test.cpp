#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(FileHide, TakesEveryFileOfThatNameAway) {
  Facts facts = samples::facts_with({samples::victim(7, "/srv/app")});
  facts.programs["render"] = {"/opt/a/render", "/opt/b/render"};
  const Strike strike =
      plan({"file.hide", R"({"program": "render", "select": {"name": "app"}})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  ASSERT_EQ(strike.watches.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(strike.changes[i].kind, "file.absence");
    EXPECT_EQ(strike.watches[i].witness, "file.absent");
    EXPECT_EQ(text_at(strike.changes[i].params, "path"), facts.programs["render"][i]);
  }
}

TEST(FileHide, LooksInThePathOfTheVictimOrInTheFoldersGiven) {
  const auto wants = [](std::string_view params) {
    return find(catalogue(), "file.hide")->wants(parse_json(params)->as_object()).value();
  };
  const Wants victim = wants(R"({"program": "render", "select": {"name": "app"}})");
  EXPECT_EQ(victim.programs, std::vector<std::string>{"render"});
  EXPECT_EQ(victim.search_path, "");
  EXPECT_TRUE(victim.victims.has_value());
  const Wants folders = wants(R"({"program": "render", "folders": ["/opt/a", "/opt/b"]})");
  EXPECT_EQ(folders.search_path, "/opt/a:/opt/b");
  EXPECT_FALSE(folders.victims.has_value());
}

TEST(FileHide, RefusesAProgramThatIsNotFoundAndAVictimThatIsNotThere) {
  const std::string_view params = R"({"program": "render", "select": {"name": "app"}})";
  EXPECT_THAT(plan({"file.hide", params}, samples::facts_with({})).error().message,
              HasSubstr("no process"));
  Facts facts = samples::facts_with({samples::victim(7, "/srv/app")});
  facts.programs["render"] = {};
  EXPECT_THAT(plan({"file.hide", params}, facts).error().message, HasSubstr("is found there"));
}

TEST(FileHide, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("file.hide", R"({"program": "/bin/x", "folders": "/opt"})"),
              HasSubstr("is not a name"));
  EXPECT_THAT(mistake("file.hide", R"({"program": "x"})"), HasSubstr("exactly one"));
  EXPECT_THAT(
      mistake("file.hide", R"({"program": "x", "folders": "/opt", "select": {"name": "app"}})"),
      HasSubstr("exactly one"));
  EXPECT_THAT(mistake("file.hide", R"({"program": "x", "folders": "opt"})"),
              HasSubstr("full path"));
  EXPECT_THAT(mistake("file.hide", R"({"program": "x", "folders": "/a:/b"})"), HasSubstr("colon"));
}

}  // namespace
}  // namespace squall::fault
