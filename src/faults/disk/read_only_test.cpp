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

TEST(DiskReadOnly, RefusesAllThatWrites) {
  const Strike strike = samples::plan({"disk.read_only", R"({"path": "/data"})"}, facts()).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "disk.overlay");
  EXPECT_EQ(text_at(strike.changes[0].params, "error"), "EROFS");
  EXPECT_EQ(canonical_json(strike.changes[0].params.at("works")),
            R"(["write","open_to_write","names"])");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "work"), "open_to_write");
}

TEST(DiskReadOnly, SaysWhatIsMissing) {
  EXPECT_THAT(mistake("disk.read_only", "{}"), HasSubstr("path"));
  const Result<Strike> strike =
      samples::plan({"disk.read_only", R"({"path": "/nowhere"})"}, facts());
  EXPECT_EQ(strike.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
