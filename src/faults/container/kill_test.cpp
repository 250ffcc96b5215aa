#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ContainerKill, KillsTheMainProcessAndWatchesItsEnd) {
  const Strike strike = plan({"container.kill", R"({"container": "web"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "container.act");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"act":"kill","container":"web","signal":9,"socket":"/run/docker.sock"})");
  EXPECT_EQ(strike.watches.at(0).witness, "container.ended");
}

TEST(ContainerKill, TakesAnotherSignalButNoneThatEndsNothing) {
  const Strike strike =
      plan({"container.kill", R"({"container": "web", "signal": "SEGV"})"}, Facts{}).value();
  EXPECT_EQ(integer_at(strike.changes[0].params, "signal"), 11);
  EXPECT_THAT(mistake("container.kill", R"({"container": "web", "signal": "STOP"})"),
              HasSubstr("SIGSTOP ends no container"));
  EXPECT_THAT(mistake("container.kill", R"({"container": "web", "signal": "CHLD"})"),
              HasSubstr("SIGCHLD ends no container"));
  EXPECT_THAT(mistake("container.kill", R"({"container": "web", "signal": "BANG"})"),
              HasSubstr("not a signal"));
}

}  // namespace
}  // namespace squall::fault
