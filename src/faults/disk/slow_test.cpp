#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::victim;
using testing::HasSubstr;

constexpr std::string_view slow_writes =
    R"({"select": {"name": "db"}, "path": "/data", "write_bytes_per_second": "1 MiB"})";

Facts facts() {
  Facts facts = samples::facts_with({victim(10, "db")});
  facts.filesystems["/data"] = {
      .type = "ext4", .mount_point = "/data", .device = {8, 17}, .disk = {8, 16}};
  return facts;
}

Result<Strike> plan(std::string_view params, const Facts& seen = facts()) {
  return samples::plan({"disk.slow", params}, seen);
}

TEST(DiskSlow, FencesTheVictimWithALimitOnTheWholeDiskOnVersion1) {
  const Strike strike = plan(slow_writes).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.fence");
  const std::string text = canonical_json(strike.changes[0].params);
  EXPECT_THAT(text, HasSubstr("/sys/fs/cgroup/blkio/squall-"));
  EXPECT_THAT(text,
              HasSubstr(R"({"name":"blkio.throttle.write_bps_device","value":"8:16 1048576"})"));
}

TEST(DiskSlow, SetsOneLineOfTheVictimsOwnGroupOnVersion2) {
  Facts seen = facts();
  seen.host.controllers = {{"io", {"/sys/fs/cgroup", true}}};
  seen.cgroups["io"] = {{10, "/sys/fs/cgroup/db.service"}};
  const Strike strike = plan(R"({"select": {"name": "db"}, "path": "/data", "reads": "50 /s",
                                 "write_bytes_per_second": "1 MiB"})",
                             seen)
                            .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.attribute");
  EXPECT_EQ(text_at(strike.changes[0].params, "path"), "/sys/fs/cgroup/db.service/io.max");
  EXPECT_EQ(text_at(strike.changes[0].params, "value"), "8:16 wbps=1048576 riops=50");
}

TEST(DiskSlow, WatchesEveryVictimForTheSameLimits) {
  Facts seen = facts();
  seen.victims.push_back(victim(11, "db"));
  const Strike strike = plan(slow_writes, seen).value();
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(strike.watches[1].witness, "disk.limited");
  EXPECT_EQ(canonical_json(strike.watches[1].params),
            R"({"device":"8:16","limits":[0,1048576,0,0],"pid":11,"start_ticks":110})");
}

TEST(DiskSlow, SaysWhatIsMissing) {
  EXPECT_THAT(mistake("disk.slow", R"({"select": {"name": "db"}, "path": "/data"})"),
              HasSubstr("nothing is limited"));
  EXPECT_THAT(mistake("disk.slow", R"({"select": {"name": "db"}, "path": "/data",
                                       "writes": "0.2 /s"})"),
              HasSubstr("that slow"));
  EXPECT_THAT(mistake("disk.slow", R"({"select": {"name": "db"}, "path": "/data",
                                       "read_bytes_per_second": "100 B"})"),
              HasSubstr("that slow"));
}

TEST(DiskSlow, IsUnsupportedWithoutADiskOrAController) {
  Facts seen = facts();
  seen.filesystems["/data"].disk = {};
  EXPECT_EQ(plan(slow_writes, seen).error().code, Code::unsupported);
  seen = facts();
  seen.host.controllers.clear();
  EXPECT_EQ(plan(slow_writes, seen).error().code, Code::unsupported);
}

TEST(DiskSlow, SaysThatThereIsNobodyOrNothing) {
  Facts seen = facts();
  seen.victims.clear();
  EXPECT_EQ(plan(slow_writes, seen).error().code, Code::not_found);
  seen = facts();
  seen.filesystems.clear();
  EXPECT_EQ(plan(slow_writes, seen).error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::fault
