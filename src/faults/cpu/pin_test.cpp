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

TEST(CpuPin, BindsEachVictimAndWatchesIt) {
  const Facts facts = facts_with({victim(10, "nginx"), victim(11, "nginx")});
  const Strike strike =
      plan({"cpu.pin", R"({"select": {"name": "nginx"}, "cpus": "3,0-1"})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  EXPECT_EQ(strike.changes[0].kind, "process.affinity");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"cpus":"0-1,3","pid":10,"start_ticks":100})");
  EXPECT_EQ(strike.watches.at(0).witness, "cpu.pinned");
  EXPECT_EQ(strike.watches[0].params, strike.changes[0].params);
}

TEST(CpuPin, RefusesWhatIsNoListOfProcessors) {
  for (const std::string cpus : {"", "x", "1-", "-1", "99999"}) {
    EXPECT_THAT(mistake("cpu.pin", R"({"select": {"pid": 10}, "cpus": ")" + cpus + "\"}"),
                HasSubstr("cpus"))
        << cpus;
  }
  EXPECT_EQ(mistake("cpu.pin", R"({"select": {"pid": 10}, "cpus": 0})"), "") << "a bare number";
  EXPECT_EQ(plan({"cpu.pin", R"({"select": {"pid": 10}})"}, Facts{}).error().code, Code::not_found);
}

TEST(CpuPin, NeedsASecondProcessor) {
  sys::HostFacts host = facts_with({}).host;
  host.cores = 1;
  EXPECT_FALSE(find(catalogue(), "cpu.pin")->needs(host).at(0).met);
}

}  // namespace
}  // namespace squall::fault
