#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ContainerPause, PausesTheContainerAndWatchesItsControlGroup) {
  const Strike strike = plan({"container.pause", R"({"container": "web"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "container.state");
  const std::string wanted = R"({"container":"web","socket":"/run/docker.sock","state":"paused"})";
  EXPECT_EQ(canonical_json(strike.changes[0].params), wanted);
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "container.state");
  EXPECT_EQ(canonical_json(strike.watches[0].params), wanted);
  EXPECT_EQ(strike.target, "container web");
}

TEST(ContainerPause, RefusesNamesThatNoDaemonGives) {
  for (const std::string name : {"", "../web", "web/pause", "a b", "web?all=1", "-a"}) {
    EXPECT_THAT(mistake("container.pause", R"({"container": ")" + name + "\"}"),
                HasSubstr("is not the name or id of a container"));
  }
  EXPECT_THAT(
      mistake("container.pause", R"({"container": "web", "socket": "tcp://10.0.0.1:2375"})"),
      HasSubstr("not an absolute path"));
  EXPECT_EQ(mistake("container.pause", R"({"container": "0123456789ab"})"), "");
}

}  // namespace
}  // namespace squall::fault
