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

constexpr std::string_view two_peers = R"({"peers": ["10.0.0.5", "fd00::/8"], "direction": "in",
    "namespace": "/run/netns/a", "witness": ["10.0.0.5:80", "[fd00::7]:81"]})";

TEST(NetworkPartition, CutsEveryPeerInOneTable) {
  const Strike strike = plan({"network.partition", two_peers}, {}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "nft.table");
  json::object params = strike.changes[0].params;
  EXPECT_EQ(canonical_json(params["rules"]),
            R"([{"action":"drop","direction":"in","local_port":0,"peer":"10.0.0.5",)"
            R"("protocol":"any","remote_port":0},)"
            R"({"action":"drop","direction":"in","local_port":0,"peer":"fd00::/8",)"
            R"("protocol":"any","remote_port":0}])");
  EXPECT_EQ(strike.target, "/run/netns/a and 10.0.0.5 and fd00::/8, which it does not hear");
}

TEST(NetworkPartition, IsWatchedAtEveryEndpoint) {
  const Strike strike = plan({"network.partition", two_peers}, {}).value();
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(canonical_json(strike.watches[1].params),
            R"({"expects":"drop","host":"fd00::7","namespace":"/run/netns/a","port":81,)"
            R"("protocol":"tcp"})");
}

TEST(NetworkPartition, TakesTheNamespaceOfOneProcess) {
  const Strike strike = plan({"network.partition", R"({"peers": ["10.0.0.5"],
      "witness": ["10.0.0.5:80"], "process": {"name": "redis"}})"},
                             facts_with({victim(42, "redis")}))
                            .value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "namespace"), "/proc/42/ns/net");
}

TEST(NetworkPartition, RefusesWhatIsNoPartition) {
  EXPECT_THAT(mistake("network.partition", R"({"peers": [], "witness": ["10.0.0.5:80"]})"),
              HasSubstr("at least one of each"));
  EXPECT_THAT(mistake("network.partition", R"({"peers": ["10.0.0.5"], "witness": []})"),
              HasSubstr("at least one of each"));
  EXPECT_THAT(
      mistake("network.partition", R"({"peers": ["10.0.0.5"], "witness": ["10.0.0.6:80"]})"),
      HasSubstr("none of the peers"));
  EXPECT_THAT(
      mistake("network.partition", R"({"peers": ["10.0.0.5", ""], "witness": ["10.0.0.5:80"]})"),
      HasSubstr("one of them is empty"));
  EXPECT_THAT(mistake("network.partition", R"({"peers": ["redis"], "witness": ["redis:80"]})"),
              HasSubstr("neither an IPv4 or IPv6 address"));
}

}  // namespace
}  // namespace squall::fault
