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

TEST(DiskTornWrites, TearsAShareOfTheWrites) {
  const Strike strike =
      samples::plan({"disk.torn_writes", R"({"path": "/data", "share": "10 %"})"}, facts()).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "disk.overlay");
  EXPECT_EQ(text_at(strike.changes[0].params, "effect"), "tear");
  EXPECT_EQ(text_at(strike.changes[0].params, "share"), "10 %");
  EXPECT_EQ(canonical_json(strike.changes[0].params.at("works")), R"(["write"])");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "effect"), "tear");
}

TEST(DiskTornWrites, SaysWhatIsWrong) {
  EXPECT_THAT(mistake("disk.torn_writes", "{}"), HasSubstr("path"));
  EXPECT_THAT(mistake("disk.torn_writes", R"({"path": "/data", "share": "200 %"})"),
              HasSubstr("out of bounds"));
  const Result<Strike> strike =
      samples::plan({"disk.torn_writes", R"({"path": "/nowhere"})"}, facts());
  EXPECT_EQ(strike.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
