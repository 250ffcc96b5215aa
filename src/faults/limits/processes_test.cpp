#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using samples::victim;

constexpr std::string_view one = R"({"select": {"name": "redis"}, "most": 1})";

TEST(LimitsProcesses, FencesTheVictimsOnV1) {
  const Strike strike = plan({"limits.processes", one}, facts_with({victim(10, "a")})).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "cgroup.fence");
  json::object params = strike.changes[0].params;
  EXPECT_TRUE(text_at(params, "path").starts_with("/sys/fs/cgroup/pids/squall-"));
  EXPECT_EQ(canonical_json(params["attributes"]), R"([{"name":"pids.max","value":"1"}])");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "limits.processes");
  EXPECT_EQ(integer_at(strike.watches[0].params, "most"), 1);
}

TEST(LimitsProcesses, SetsTheVictimsOwnGroupOnV2) {
  Facts facts = facts_with({victim(10, "a")});
  facts.host.controllers = {{"pids", {"/sys/fs/cgroup", true}}};
  facts.cgroups["pids"] = {{10, "/sys/fs/cgroup/a.service"}};
  const Strike strike = plan({"limits.processes", one}, facts).value();
  EXPECT_EQ(canonical_json(strike.changes.at(0).params),
            R"({"path":"/sys/fs/cgroup/a.service/pids.max","value":"1"})");
}

TEST(LimitsProcesses, RefusesWhatItCannotDo) {
  Facts facts = facts_with({victim(10, "a")});
  facts.host.controllers.clear();
  EXPECT_EQ(plan({"limits.processes", one}, facts).error().code, Code::unsupported);
  EXPECT_EQ(plan({"limits.processes", one}, facts_with({})).error().code, Code::not_found);
  EXPECT_THAT(mistake("limits.processes", R"({"select": {"pid": 1}, "most": -1})"),
              testing::HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
