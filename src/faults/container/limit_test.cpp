#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ContainerLimit, SetsWhatIsAskedForAndWatchesTheSame) {
  const Strike strike =
      plan({"container.limit",
            R"({"container": "web", "memory": "64 MiB", "cpu": "20 %", "processes": 10})"},
           Facts{})
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "container.limits");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"container":"web","cpu":"20 %","memory":"64 MiB","processes":10,)"
            R"("socket":"/run/docker.sock"})");
  EXPECT_EQ(strike.watches.at(0).witness, "container.limited");
  EXPECT_EQ(canonical_json(strike.watches[0].params), canonical_json(strike.changes[0].params));
}

TEST(ContainerLimit, LeavesOutWhatIsNotAskedFor) {
  const Strike strike =
      plan({"container.limit", R"({"container": "web", "processes": 0})"}, Facts{}).value();
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"container":"web","processes":0,"socket":"/run/docker.sock"})");
}

TEST(ContainerLimit, RefusesWhatIsNoLimit) {
  EXPECT_THAT(mistake("container.limit", R"({"container": "web"})"),
              HasSubstr("nothing is limited"));
  EXPECT_THAT(mistake("container.limit", R"({"container": "web", "memory": "1 MiB"})"),
              HasSubstr("is too little"));
  EXPECT_THAT(mistake("container.limit", R"({"container": "web", "cpu": "0 %"})"),
              HasSubstr("out of range"));
  EXPECT_THAT(mistake("container.limit", R"({"container": "web", "processes": -1})"),
              HasSubstr("out of range"));
}

}  // namespace
}  // namespace squall::fault
