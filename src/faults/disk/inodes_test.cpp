#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using testing::HasSubstr;

Facts facts() {
  Facts facts = samples::facts_with({});
  facts.filesystems["/spool"] = {
      .type = "ext4", .mount_point = "/spool", .inodes = 100'000, .free_inodes = 60'000};
  return facts;
}

Result<Strike> plan(std::string_view params, const Facts& seen = facts()) {
  return samples::plan({"disk.inodes", params}, seen);
}
std::string change_of(std::string_view params) {
  return canonical_json(plan(params)->changes.at(0).params);
}
std::int64_t watched(std::string_view params) {
  return integer_at(plan(params)->watches.at(0).params, "taken");
}

TEST(DiskInodes, TakesACountOrAShareOfTheFreeOnes) {
  EXPECT_EQ(change_of(R"({"path": "/spool", "count": 500})"), R"({"count":500,"path":"/spool"})");
  EXPECT_EQ(change_of(R"({"path": "/spool", "share": "50 %"})"),
            R"({"count":30000,"path":"/spool"})");
  EXPECT_EQ(watched(R"({"path": "/spool", "share": "50 %"})"), 30'000);
}

TEST(DiskInodes, LeavesWhatItIsToldOrWhatDfShows) {
  EXPECT_EQ(change_of(R"({"path": "/spool", "leave": 0})"), R"({"leave":0,"path":"/spool"})");
  EXPECT_EQ(watched(R"({"path": "/spool", "leave": 0})"), 60'000);
  EXPECT_EQ(change_of(R"({"path": "/spool", "used": "90 %"})"),
            R"({"leave":10000,"path":"/spool"})");
  EXPECT_EQ(watched(R"({"path": "/spool", "used": "90 %"})"), 50'000);
}

TEST(DiskInodes, WantsTheNumberInExactlyOneWay) {
  EXPECT_THAT(mistake("disk.inodes", R"({"path": "/spool"})"), HasSubstr("exactly one way"));
  EXPECT_THAT(mistake("disk.inodes", R"({"path": "/spool", "count": 1, "leave": 1})"),
              HasSubstr("exactly one way"));
  EXPECT_THAT(mistake("disk.inodes", R"({"path": "/spool", "count": 0})"), HasSubstr("at least"));
  EXPECT_THAT(mistake("disk.inodes", R"({"path": "/spool", "leave": -1})"), HasSubstr("at least"));
}

TEST(DiskInodes, IsUnsupportedWhereTheyCannotRunOut) {
  Facts seen = facts();
  seen.filesystems["/spool"].inodes = 0;
  const Result<Strike> strike = plan(R"({"path": "/spool", "leave": 0})", seen);
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::unsupported);
}

TEST(DiskInodes, RefusesWhenThereIsNothingToTake) {
  EXPECT_EQ(plan(R"({"path": "/spool", "used": "30 %"})").error().code, Code::conflict);
  EXPECT_EQ(plan(R"({"path": "/nowhere", "leave": 0})").error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
