#include <cerrno>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_file(std::string kernel = "6.18.0") {
  Facts facts = samples::facts_with({samples::victim(7, "/srv/app")});
  facts.host.kernel = std::move(kernel);
  facts.host.may_watch_files = true;
  facts.files["/data/f"] = {.exists = true, .size = 1};
  facts.files["/data"] = {.is_folder = true};
  return facts;
}

TEST(FileErrno, AsksForTheErrorAndAWitnessOfIt) {
  const Strike strike =
      plan({"file.errno", R"({"path": "/data/f", "error": "ENOSPC"})"}, with_file()).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "file.access");
  EXPECT_EQ(integer_at(strike.changes[0].params, "error"), ENOSPC);
  EXPECT_EQ(text_at(strike.changes[0].params, "on"), "use");
  EXPECT_TRUE(bool_at(strike.changes[0].params, "any_error"));
  EXPECT_EQ(strike.watches.at(0).witness, "file.refused");
  EXPECT_EQ(integer_at(strike.watches[0].params, "error"), ENOSPC);
  EXPECT_EQ(integer_at(strike.watches[0].params, "attempts"), 1);
}

TEST(FileErrno, TriesMoreOftenWhereOnlyAShareFails) {
  const Strike strike =
      plan({"file.errno", R"({"path": "/data", "share": "10 %"})"}, with_file()).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "share"), "10 %");
  EXPECT_EQ(integer_at(strike.watches.at(0).params, "attempts"), 60);
}

TEST(FileErrno, NamesTheVictimsThatAreMeant) {
  const Strike strike =
      plan({"file.errno", R"({"path": "/data/f", "select": {"name": "app"}})"}, with_file())
          .value();
  const json::array* processes = array_at(strike.changes.at(0).params, "processes");
  ASSERT_NE(processes, nullptr);
  EXPECT_EQ(integer_at(processes->at(0).get_object(), "pid"), 7);
  Facts nobody = with_file();
  nobody.victims.clear();
  EXPECT_EQ(plan({"file.errno", R"({"path": "/data/f", "select": {"name": "app"}})"}, nobody)
                .error()
                .code,
            Code::not_found);
}

// An old kernel knows only EPERM, for opening and reading.
TEST(FileErrno, IsUnsupportedWithAReasonWhereTheKernelCannot) {
  const auto result = [](std::string_view params) {
    return plan({"file.errno", params}, with_file("5.10.0-28-amd64"));
  };
  for (const std::string_view params :
       {R"({"path": "/data/f"})", R"({"path": "/data/f", "on": "open"})",
        R"({"path": "/data/f", "error": "EPERM"})"}) {
    ASSERT_FALSE(result(params).ok()) << params;
    EXPECT_EQ(result(params).error().code, Code::unsupported);
    EXPECT_THAT(result(params).error().message, HasSubstr("Linux 6.14"));
  }
  const Strike strike = result(R"({"path": "/data/f", "error": "EPERM", "on": "open"})").value();
  EXPECT_FALSE(bool_at(strike.changes.at(0).params, "any_error", true));
}

TEST(FileErrno, NeedsFanotify) {
  sys::HostFacts host;
  const std::vector<sys::Need> needs = find(catalogue(), "file.errno")->needs(host);
  EXPECT_FALSE(needs.at(0).met);
  EXPECT_THAT(needs.at(0).reason, HasSubstr("sudo"));
}

TEST(FileErrno, RefusesWhatCannotBe) {
  EXPECT_EQ(plan({"file.errno", R"({"path": "/none"})"}, with_file()).error().code,
            Code::not_found);
  EXPECT_THAT(mistake("file.errno", R"({"path": "f"})"), HasSubstr("full path"));
  EXPECT_THAT(mistake("file.errno", R"({"path": "/f", "error": "EACCES"})"),
              HasSubstr("not one of the words"));
  EXPECT_THAT(mistake("file.errno", R"({"path": "/f", "share": "1 %"})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
