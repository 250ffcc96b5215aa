#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(FileDelete, TakesTheFileAwayAndWatchesItsName) {
  Facts facts;
  facts.files["/data/f"] = {.exists = true, .size = 1};
  const Strike strike = plan({"file.delete", R"({"path": "/data/f"})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "file.absence");
  EXPECT_EQ(text_at(strike.changes[0].params, "path"), "/data/f");
  EXPECT_EQ(strike.watches.at(0).witness, "file.absent");
}

TEST(FileDelete, RefusesFoldersAndWhatIsNotThere) {
  Facts facts;
  facts.files["/data/f"] = {.is_folder = true};
  EXPECT_THAT(plan({"file.delete", R"({"path": "/data/f"})"}, facts).error().message,
              HasSubstr("is a folder"));
  EXPECT_THAT(plan({"file.delete", R"({"path": "/data/g"})"}, facts).error().message,
              HasSubstr("no regular file /data/g"));
  EXPECT_THAT(mistake("file.delete", R"({"path": "f"})"), HasSubstr("not a full path"));
}

}  // namespace
}  // namespace squall::fault
