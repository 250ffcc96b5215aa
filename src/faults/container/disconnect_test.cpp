#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ContainerDisconnect, TakesTheNetworkAndWatchesTheInterfaceGo) {
  const Strike strike =
      plan({"container.disconnect", R"({"container": "web", "network": "front"})"}, Facts{})
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "container.network");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"container":"web","network":"front","socket":"/run/docker.sock"})");
  EXPECT_EQ(strike.watches.at(0).witness, "container.disconnected");
}

TEST(ContainerDisconnect, RefusesNamesThatCouldLeadElsewhere) {
  for (const std::string name : {"../front", "front/connect", "front?x=1", "a b", "a%2f"}) {
    EXPECT_THAT(
        mistake("container.disconnect", R"({"container": "web", "network": ")" + name + "\"}"),
        HasSubstr("is not the name of a network"));
  }
  EXPECT_EQ(mistake("container.disconnect", R"({"container": "web"})"), "");
}

}  // namespace
}  // namespace squall::fault
