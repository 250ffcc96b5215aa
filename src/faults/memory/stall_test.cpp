#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using samples::victim;

constexpr std::string_view stall = R"({"select": {"name": "redis"}, "limit": "1 MiB"})";

TEST(MemoryStall, SwitchesTheKillerOffBeforeItLimitsOnV1) {
  const Strike strike = plan({"memory.stall", stall}, facts_with({victim(10, "a")})).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.fence");
  json::object params = strike.changes[0].params;
  EXPECT_EQ(canonical_json(params["attributes"]),
            R"([{"name":"memory.oom_control","value":"1"},)"
            R"({"name":"memory.limit_in_bytes","value":"1048576"}])");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "memory.stalled");
  EXPECT_EQ(canonical_json(strike.watches[0].params),
            R"({"processes":[{"pid":10,"start_ticks":100}]})");
}

TEST(MemoryStall, SlowsTheVictimsOwnGroupDownOnV2) {
  Facts facts = facts_with({victim(10, "a")});
  facts.host.controllers = {{"memory", {"/sys/fs/cgroup", true}}};
  facts.cgroups["memory"] = {{10, "/sys/fs/cgroup/a.service"}};
  const Strike strike = plan({"memory.stall", stall}, facts).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"path":"/sys/fs/cgroup/a.service/memory.high","value":"1048576"})");
}

TEST(MemoryStall, RefusesWhatItCannotDo) {
  Facts facts = facts_with({victim(10, "a")});
  facts.host.controllers.clear();
  EXPECT_EQ(plan({"memory.stall", stall}, facts).error().code, Code::unsupported);
  EXPECT_EQ(plan({"memory.stall", stall}, facts_with({})).error().code, Code::not_found);
  EXPECT_THAT(mistake("memory.stall", R"({"select": {"pid": 1}, "limit": "0 B"})"),
              testing::HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
