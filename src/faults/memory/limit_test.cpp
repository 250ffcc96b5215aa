#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using samples::victim;
using testing::HasSubstr;

constexpr std::string_view limit = R"({"select": {"name": "redis"}, "limit": "64 MiB"})";

TEST(MemoryLimit, FencesTheVictimsInsideTheirOwnGroupOnV1) {
  Facts facts = facts_with({victim(10, "a"), victim(11, "b")});
  facts.cgroups["memory"] = {{10, "/sys/fs/cgroup/memory/one"}, {11, "/sys/fs/cgroup/memory/one"}};
  const Strike strike = plan({"memory.limit", limit}, facts).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.fence");
  json::object params = strike.changes[0].params;
  EXPECT_TRUE(text_at(params, "path").starts_with("/sys/fs/cgroup/memory/one/squall-"));
  EXPECT_EQ(canonical_json(params["attributes"]),
            R"([{"name":"memory.limit_in_bytes","value":"67108864"}])");
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(strike.watches[1].witness, "memory.limited");
  EXPECT_EQ(integer_at(strike.watches[1].params, "pid"), 11);
  EXPECT_EQ(text_at(strike.watches[1].params, "limit"), "64 MiB");
}

TEST(MemoryLimit, SetsTheVictimsOwnGroupOnV2) {
  Facts facts = facts_with({victim(10, "a")});
  facts.host.controllers = {{"memory", {"/sys/fs/cgroup", true}}};
  facts.cgroups["memory"] = {{10, "/sys/fs/cgroup/a.service"}};
  const Strike strike = plan({"memory.limit", limit}, facts).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"path":"/sys/fs/cgroup/a.service/memory.max","value":"67108864"})");
}

TEST(MemoryLimit, WantsOneKillAmongAllVictimsAsProofWhenAsked) {
  const Strike strike =
      plan({"memory.limit", R"({"select": {"name": "redis"}, "limit": "8 MiB", "proof": "kill"})"},
           facts_with({victim(10, "a"), victim(11, "b")}))
          .value();
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "memory.oom");
  EXPECT_EQ(array_at(strike.watches[0].params, "processes")->size(), 2U);
}

TEST(MemoryLimit, IsUnsupportedWithoutTheController) {
  Facts facts = facts_with({victim(10, "a")});
  facts.host.controllers.clear();
  EXPECT_EQ(plan({"memory.limit", limit}, facts).error().code, Code::unsupported);
  EXPECT_FALSE(find(catalogue(), "memory.limit")->needs(facts.host).at(0).met);
  EXPECT_EQ(plan({"memory.limit", limit}, facts_with({})).error().code, Code::not_found);
}

TEST(MemoryLimit, FindsTheMistakesInItsParameters) {
  EXPECT_THAT(mistake("memory.limit", R"({"select": {"pid": 1}})"), HasSubstr("missing"));
  EXPECT_THAT(mistake("memory.limit", R"({"select": {"pid": 1}, "limit": "1 KiB"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("memory.limit", R"({"select": {"pid": 1}, "limit": "64"})"),
              HasSubstr("no unit"));
}

}  // namespace
}  // namespace squall::fault
