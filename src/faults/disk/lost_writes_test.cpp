#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using testing::HasSubstr;

Facts facts() {
  Facts facts = samples::facts_with({});
  facts.filesystems["/data"] = {.type = "ext4", .mount_point = "/data"};
  return facts;
}

TEST(DiskLostWrites, LosesAShareOfTheWrites) {
  const Strike strike =
      samples::plan({"disk.lost_writes", R"({"path": "/data", "share": "10 %", "loses": "all"})"},
                    facts())
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "disk.overlay");
  EXPECT_EQ(text_at(strike.changes[0].params, "effect"), "lose");
  EXPECT_EQ(text_at(strike.changes[0].params, "share"), "10 %");
  EXPECT_EQ(canonical_json(strike.changes[0].params.at("works")), R"(["write"])");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "effect"), "lose");
}

TEST(DiskLostWrites, HoldsWhatIsNotSyncedUnlessToldOtherwise) {
  const Strike strike =
      samples::plan({"disk.lost_writes", R"({"path": "/data", "files": "*.log"})"}, facts())
          .value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "effect"), "hold");
  EXPECT_EQ(text_at(strike.changes.at(0).params, "files"), "*.log");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "effect"), "hold");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "files"), "*.log");
}

TEST(DiskLostWrites, SaysWhatIsWrong) {
  EXPECT_THAT(mistake("disk.lost_writes", R"({"path": "/data", "files": "x"})"),
              HasSubstr("cannot be used"));
  EXPECT_THAT(mistake("disk.lost_writes", R"({"path": "/data", "loses": "some"})"),
              HasSubstr("unsynced"));
  EXPECT_THAT(mistake("disk.lost_writes", "{}"), HasSubstr("path"));
  EXPECT_THAT(mistake("disk.lost_writes", R"({"path": "/data", "share": "200 %"})"),
              HasSubstr("out of bounds"));
  const Result<Strike> strike =
      samples::plan({"disk.lost_writes", R"({"path": "/nowhere"})"}, facts());
  EXPECT_EQ(strike.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
