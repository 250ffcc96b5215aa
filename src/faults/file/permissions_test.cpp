#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_file() {
  Facts facts;
  facts.files["/data/f"] = {.exists = true, .size = 1, .mode = 0644};
  facts.files["/data"] = {.is_folder = true};
  facts.users["app"] = 1001;
  facts.groups["2002"] = 2002;
  return facts;
}

TEST(FilePermissions, AsksForModeOwnerAndGroupByNumber) {
  const Strike strike =
      plan({"file.permissions",
            R"({"path": "/data/f", "mode": "0000", "owner": "app", "group": "2002"})"},
           with_file())
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "file.mode");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"group":2002,"mode":"0000","owner":1001,"path":"/data/f"})");
  EXPECT_EQ(strike.watches.at(0).witness, "file.mode");
}

TEST(FilePermissions, TakesFoldersAndLeavesOutWhatIsNotAsked) {
  const Strike strike =
      plan({"file.permissions", R"({"path": "/data", "mode": "500"})"}, with_file()).value();
  EXPECT_EQ(canonical_json(strike.changes.at(0).params), R"({"mode":"500","path":"/data"})");
  EXPECT_EQ(
      plan({"file.permissions", R"({"path": "/none", "mode": "500"})"}, with_file()).error().code,
      Code::not_found);
}

TEST(FilePermissions, FindsMistakesInTheDocumentAlone) {
  EXPECT_THAT(mistake("file.permissions", R"({"path": "/f"})"), HasSubstr("neither mode"));
  EXPECT_THAT(mistake("file.permissions", R"({"path": "/f", "mode": "0888"})"),
              HasSubstr("is no mode"));
  EXPECT_THAT(mistake("file.permissions", R"({"path": "/f", "mode": "rwx"})"),
              HasSubstr("is no mode"));
  EXPECT_THAT(mistake("file.permissions", R"({"path": "f", "mode": "0"})"), HasSubstr("full path"));
}

}  // namespace
}  // namespace squall::fault
