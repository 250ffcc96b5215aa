#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ContainerRestart, RestartsTheContainerAndWatchesForItsSuccessor) {
  const Strike strike = plan({"container.restart", R"({"container": "web"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"act":"restart","container":"web","grace":"2 s","socket":"/run/docker.sock"})");
  EXPECT_EQ(strike.watches.at(0).witness, "container.restarted");
  EXPECT_EQ(canonical_json(strike.watches.at(0).params),
            R"({"container":"web","socket":"/run/docker.sock"})");
}

TEST(ContainerRestart, RefusesWhatNoDaemonTakes) {
  EXPECT_THAT(mistake("container.restart", R"({"container": "web", "grace": "200 ms"})"),
              HasSubstr("no number of whole seconds"));
  EXPECT_THAT(mistake("container.restart", R"({"container": "a/b"})"),
              HasSubstr("is not the name or id of a container"));
}

}  // namespace
}  // namespace squall::fault
