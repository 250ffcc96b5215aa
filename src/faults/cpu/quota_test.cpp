#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using samples::victim;

constexpr std::string_view fifth = R"({"select": {"name": "redis"}, "quota": "20 %"})";

Facts on_v2(std::vector<sys::Process> victims) {
  Facts facts = facts_with(std::move(victims));
  facts.host.controllers = {{"cpu", {"/sys/fs/cgroup", true}}};
  return facts;
}

TEST(CpuQuota, FencesTheVictimsBelowTheV1Root) {
  const Strike strike =
      plan({"cpu.quota", fifth}, facts_with({victim(10, "a"), victim(11, "b")})).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.fence");
  json::object params = strike.changes[0].params;
  EXPECT_THAT(text_at(params, "path"),
              testing::MatchesRegex("/sys/fs/cgroup/cpu/squall-[0-9a-f]{8}"));
  EXPECT_EQ(canonical_json(params["attributes"]),
            R"([{"name":"cpu.cfs_period_us","value":"100000"},)"
            R"({"name":"cpu.cfs_quota_us","value":"20000"}])");
  EXPECT_EQ(canonical_json(params["processes"]),
            R"([{"pid":10,"start_ticks":100},{"pid":11,"start_ticks":110}])");
}

TEST(CpuQuota, KeepsOuterLimitsByFencingInsideTheVictimsOwnV1Cgroup) {
  Facts facts = facts_with({victim(10, "a"), victim(11, "b"), victim(12, "c")});
  facts.cgroups["cpu"] = {{10, "/sys/fs/cgroup/cpu/one"},
                          {11, "/sys/fs/cgroup/cpu/two"},
                          {12, "/sys/fs/cgroup/cpu/one"}};
  const Strike strike = plan({"cpu.quota", fifth}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  EXPECT_TRUE(
      text_at(strike.changes[0].params, "path").starts_with("/sys/fs/cgroup/cpu/one/squall-"));
  EXPECT_TRUE(
      text_at(strike.changes[1].params, "path").starts_with("/sys/fs/cgroup/cpu/two/squall-"));
  EXPECT_EQ(array_at(strike.changes[0].params, "processes")->size(), 2U);
}

TEST(CpuQuota, SetsTheVictimsOwnV2CgroupOnce) {
  Facts facts = on_v2({victim(10, "a"), victim(11, "a")});
  facts.cgroups["cpu"] = {{10, "/sys/fs/cgroup/system.slice/a.service"},
                          {11, "/sys/fs/cgroup/system.slice/a.service"}};
  const Strike strike = plan({"cpu.quota", fifth}, facts).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.attribute");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"path":"/sys/fs/cgroup/system.slice/a.service/cpu.max","value":"20000 100000"})");
}

TEST(CpuQuota, FencesAVictimInTheV2Root) {
  Facts facts = on_v2({victim(10, "a")});
  facts.cgroups["cpu"] = {{10, "/sys/fs/cgroup"}};
  const Strike strike = plan({"cpu.quota", fifth}, facts).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.fence");
  json::object params = strike.changes[0].params;
  EXPECT_EQ(canonical_json(params["attributes"]), R"([{"name":"cpu.max","value":"20000 100000"}])");
}

TEST(CpuQuota, WatchesEveryVictimForItsShareOfACore) {
  const Strike strike =
      plan({"cpu.quota", fifth}, facts_with({victim(10, "a"), victim(11, "b")})).value();
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(strike.watches[1].witness, "cpu.limited");
  EXPECT_EQ(integer_at(strike.watches[1].params, "pid"), 11);
  EXPECT_DOUBLE_EQ(number_at(strike.watches[1].params, "cores"), 0.2);
}

TEST(CpuQuota, NamesTheFenceBySeedAndStrike) {
  const Facts facts = facts_with({victim(10, "a")});
  const auto path = [&](std::uint64_t seed, std::uint64_t ordinal) {
    const Strike strike = plan({"cpu.quota", fifth, seed, ordinal}, facts).value();
    return text_at(strike.changes.at(0).params, "path");
  };
  EXPECT_EQ(path(1, 0), path(1, 0));
  EXPECT_NE(path(1, 0), path(2, 0));
  EXPECT_NE(path(1, 0), path(1, 1));
}

TEST(CpuQuota, IsUnsupportedWithoutACpuController) {
  Facts facts = facts_with({victim(10, "a")});
  facts.host.controllers.clear();
  const Result<Strike> strike = plan({"cpu.quota", fifth}, facts);
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::unsupported);
  const std::vector<sys::Need> needs = find(catalogue(), "cpu.quota")->needs(facts.host);
  EXPECT_FALSE(needs.at(0).met);
  EXPECT_THAT(needs.at(0).reason, testing::HasSubstr("no cgroup hierarchy"));
}

TEST(CpuQuota, RefusesAQuotaBelowWhatTheKernelTakes) {
  EXPECT_THAT(mistake("cpu.quota", R"({"select": {"pid": 1}, "quota": "0.5 %"})"),
              testing::HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
