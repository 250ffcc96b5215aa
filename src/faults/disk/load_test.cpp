#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using testing::HasSubstr;

Facts facts() {
  Facts facts = samples::facts_with({});
  facts.filesystems["/data"] = {.type = "ext4",
                                .mount_point = "/data",
                                .device = {8, 1},
                                .disk = {8, 0},
                                .block = Bytes{4096}};
  return facts;
}

Result<Strike> plan(std::string_view params, const Facts& seen = facts()) {
  return samples::plan({"disk.load", params}, seen);
}

TEST(DiskLoad, AsksForARateAndWatchesTheBytesItMakes) {
  const Strike strike = plan(R"({"path": "/data", "rate": "500 /s"})").value();
  EXPECT_EQ(strike.changes.at(0).kind, "disk.traffic");
  EXPECT_EQ(text_at(strike.changes[0].params, "rate"), "500 /s");
  EXPECT_EQ(canonical_json(strike.watches.at(0).params),
            R"({"block":"4 KiB","bytes_per_second":"2000 KiB","path":"/data"})");
  EXPECT_EQ(strike.target, "disk 8:0 below /data");
}

TEST(DiskLoad, TurnsBytesIntoOperations) {
  const Strike strike =
      plan(R"({"path": "/data", "bytes_per_second": "10 MiB", "block": "64 KiB"})").value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "rate"), "160 /s");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "bytes_per_second"), "10 MiB");
}

TEST(DiskLoad, ChoosesPlacesBySeedAndStrike) {
  const auto seed_of = [](std::uint64_t seed, std::uint64_t ordinal) {
    const std::string_view params = R"({"path": "/data", "rate": "500 /s"})";
    const Strike strike = samples::plan({"disk.load", params, seed, ordinal}, facts()).value();
    return integer_at(strike.changes.at(0).params, "seed");
  };
  EXPECT_EQ(seed_of(1, 0), seed_of(1, 0));
  EXPECT_NE(seed_of(1, 0), seed_of(2, 0));
  EXPECT_NE(seed_of(1, 0), seed_of(1, 1));
}

TEST(DiskLoad, SaysWhatDoesNotGoTogether) {
  EXPECT_THAT(mistake("disk.load", R"({"path": "/data"})"), HasSubstr("exactly one way"));
  EXPECT_THAT(
      mistake("disk.load", R"({"path": "/data", "rate": "5 /s", "bytes_per_second": "1 MiB"})"),
      HasSubstr("exactly one way"));
  EXPECT_THAT(mistake("disk.load", R"({"path": "/data", "rate": "5 /s", "block": "1000 B"})"),
              HasSubstr("page cache"));
  EXPECT_EQ(mistake("disk.load",
                    R"({"path": "/data", "rate": "5 /s", "block": "1000 B", "direct": false})"),
            "");
  EXPECT_THAT(mistake("disk.load", R"({"path": "/data", "rate": "0.1 /s"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(
      mistake("disk.load",
              R"({"path": "/data", "rate": "5 /s", "block": "1 MiB", "file_size": "8 KiB"})"),
      HasSubstr("must hold a block"));
}

TEST(DiskLoad, IsUnsupportedWhereNoDiskIsBehindThePath) {
  Facts seen = facts();
  seen.filesystems["/data"].disk = {};
  EXPECT_EQ(plan(R"({"path": "/data", "rate": "5 /s"})", seen).error().code, Code::unsupported);
  EXPECT_EQ(plan(R"({"path": "/nowhere", "rate": "5 /s"})").error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
