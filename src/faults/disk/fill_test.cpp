#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using testing::HasSubstr;

constexpr std::uint64_t gibibyte = 1ULL << 30;

// 100 GiB, of which 40 are used and 5 kept for root.
Facts facts() {
  Facts facts = samples::facts_with({});
  facts.filesystems["/data"] = {.type = "ext4",
                                .mount_point = "/data",
                                .block = Bytes{4096},
                                .total = Bytes{100 * gibibyte},
                                .free = Bytes{60 * gibibyte},
                                .available = Bytes{55 * gibibyte}};
  return facts;
}

Result<Strike> plan(std::string_view params, const Facts& seen = facts()) {
  return samples::plan({"disk.fill", params}, seen);
}
std::string change_of(std::string_view params) {
  const Strike strike = plan(params).value();
  EXPECT_EQ(strike.changes.at(0).kind, "disk.ballast");
  return canonical_json(strike.changes.at(0).params);
}
std::string watched(std::string_view params) {
  return text_at(plan(params)->watches.at(0).params, "taken");
}

TEST(DiskFill, TakesASizeInWholeBlocks) {
  EXPECT_EQ(change_of(R"({"path": "/data", "size": "1 GiB"})"),
            R"({"path":"/data","size":"1 GiB","take_reserve":false})");
  EXPECT_THAT(change_of(R"({"path": "/data", "size": "10 kB"})"), HasSubstr(R"("size":"8 KiB")"));
  EXPECT_EQ(watched(R"({"path": "/data", "size": "10 kB"})"), "8 KiB");
}

TEST(DiskFill, CountsAShareOfWhatUsersOrRootMayTake) {
  EXPECT_THAT(change_of(R"({"path": "/data", "share": "20 %"})"), HasSubstr(R"("11 GiB")"));
  EXPECT_THAT(change_of(R"({"path": "/data", "share": "20 %", "take_reserve": true})"),
              HasSubstr(R"("12 GiB")"));
}

TEST(DiskFill, LeavesWhatItIsToldAndWatchesForTheRest) {
  EXPECT_EQ(change_of(R"({"path": "/data", "leave": "5 GiB"})"),
            R"({"leave":"5 GiB","path":"/data","take_reserve":false})");
  EXPECT_EQ(watched(R"({"path": "/data", "leave": "5 GiB"})"), "50 GiB");
  EXPECT_EQ(watched(R"({"path": "/data", "leave": "0 B", "take_reserve": true})"), "60 GiB");
}

// df shows used / (used + available): 40 / 95 before.
TEST(DiskFill, FillsUntilDfShowsTheShare) {
  EXPECT_THAT(change_of(R"({"path": "/data", "used": "80 %"})"), HasSubstr(R"("leave":"19 GiB")"));
  EXPECT_THAT(change_of(R"({"path": "/data", "used": "100 %"})"), HasSubstr(R"("leave":"0 B")"));
  EXPECT_THAT(change_of(R"({"path": "/data", "used": "90 %", "take_reserve": true})"),
              HasSubstr(R"("leave":"10 GiB")"));
}

TEST(DiskFill, WantsTheAmountInExactlyOneWay) {
  EXPECT_THAT(mistake("disk.fill", R"({"path": "/data"})"), HasSubstr("exactly one way"));
  EXPECT_THAT(mistake("disk.fill", R"({"path": "/data", "size": "1 MiB", "leave": "0 B"})"),
              HasSubstr("exactly one way"));
  EXPECT_EQ(mistake("disk.fill", R"({"path": "/data", "leave": "0 B"})"), "");
  EXPECT_THAT(mistake("disk.fill", R"({"path": "/data", "used": "101 %"})"),
              HasSubstr("out of bounds"));
}

TEST(DiskFill, RefusesWhenThereIsNothingToTake) {
  for (const std::string_view params :
       {R"({"path": "/data", "leave": "56 GiB"})", R"({"path": "/data", "used": "30 %"})",
        R"({"path": "/data", "size": "4095 B"})"}) {
    const Result<Strike> strike = plan(params);
    ASSERT_FALSE(strike.ok()) << params;
    EXPECT_EQ(strike.error().code, Code::conflict);
  }
}

TEST(DiskFill, SaysThatThePathIsNotThere) {
  const Result<Strike> strike = plan(R"({"path": "/nowhere", "leave": "0 B"})");
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
