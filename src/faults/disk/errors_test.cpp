#include <fmt/core.h>
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

Result<Strike> plan(std::string_view params, std::uint64_t seed = 1) {
  return samples::plan({"disk.errors", params, seed}, facts());
}

TEST(DiskErrors, CoversTheFolderWithAViewThatFails) {
  const Strike strike =
      plan(R"({"path": "/data", "error": "ENOSPC", "operations": ["write"], "share": "30 %",
               "files": "*.log"})")
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "disk.overlay");
  const json::object& params = strike.changes[0].params;
  EXPECT_EQ(text_at(params, "effect"), "fail");
  EXPECT_EQ(text_at(params, "error"), "ENOSPC");
  EXPECT_EQ(canonical_json(params.at("works")), R"(["write"])");
  EXPECT_EQ(text_at(params, "files"), "*.log");
  EXPECT_TRUE(text_at(params, "name").starts_with("squall-"));
  EXPECT_EQ(canonical_json(strike.watches.at(0).params),
            R"({"delay":"0 s","effect":"fail","error":"ENOSPC","files":"*.log","path":"/data",)"
            R"("share":"30 %",)"
            R"("work":"write"})");
}

TEST(DiskErrors, CountsEveryOpeningAsOne) {
  const Strike strike = plan(R"({"path": "/data", "operations": ["open"]})").value();
  EXPECT_EQ(canonical_json(strike.changes.at(0).params.at("works")), R"(["open","open_to_write"])");
}

TEST(DiskErrors, OnlyDelaysWhenNoErrorIsAskedFor) {
  const Strike strike =
      plan(R"({"path": "/data", "error": "none", "operations": ["read"], "delay": "50 ms"})")
          .value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "effect"), "wait");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "delay"), "50 ms");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "work"), "read");
}

TEST(DiskErrors, ChoosesBySeed) {
  const auto seed_of = [](std::uint64_t seed) {
    return integer_at(plan(R"({"path": "/data"})", seed)->changes.at(0).params, "seed");
  };
  EXPECT_EQ(seed_of(1), seed_of(1));
  EXPECT_NE(seed_of(1), seed_of(2));
}

TEST(DiskErrors, SaysWhatItDoesNotKnow) {
  EXPECT_THAT(mistake("disk.errors", R"({"path": "/data", "error": "EVIL"})"), HasSubstr("EVIL"));
  EXPECT_THAT(mistake("disk.errors", R"({"path": "/data", "operations": ["jump"]})"),
              HasSubstr("jump"));
  EXPECT_THAT(mistake("disk.errors", R"({"path": "/data", "operations": []})"), HasSubstr("empty"));
  EXPECT_THAT(mistake("disk.errors", R"({"path": "/data", "error": "none"})"),
              HasSubstr("neither"));
  EXPECT_THAT(mistake("disk.errors", R"({"path": "/data", "share": "0 %"})"),
              HasSubstr("out of bounds"));
}

TEST(DiskErrors, TakesOnlyPatternsThatAFileOfTheWitnessCanMatch) {
  for (const char* pattern : {"*", "*.wal", "wal/*", "wal/a?*.log"}) {
    EXPECT_EQ(mistake("disk.errors", fmt::format(R"({{"path": "/data", "files": "{}"}})", pattern)),
              "")
        << pattern;
  }
  for (const char* pattern : {"exact.log", "/data/*", "../*", "*/x", "w?l/*", "a?"}) {
    EXPECT_THAT(
        mistake("disk.errors", fmt::format(R"({{"path": "/data", "files": "{}"}})", pattern)),
        HasSubstr("cannot be used"))
        << pattern;
  }
}

TEST(DiskErrors, NeedsRootAndFilesystemsInUserSpace) {
  sys::HostFacts host = facts().host;
  host.is_root = false;
  const std::vector<sys::Need> needs = find(catalogue(), "disk.errors")->needs(host);
  ASSERT_EQ(needs.size(), 2U);
  EXPECT_FALSE(needs[0].met);
  EXPECT_THAT(needs[0].reason, HasSubstr("root"));
  EXPECT_THAT(needs[1].what, HasSubstr("/dev/fuse"));
  EXPECT_EQ(needs[1].met, needs[1].reason.empty());
}

TEST(DiskErrors, SaysThatThereIsNoFolder) {
  EXPECT_EQ(plan(R"({"path": "/nowhere"})").error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
