#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(NetworkReset, AsksForOneChangeAndWatchesTheSamePlace) {
  const Strike strike =
      plan({"network.reset", R"({"peer": "10.0.0.5", "port": 5432})"}, {}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "tcp.reset");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"local_port":0,"namespace":"","peer":"10.0.0.5","remote_port":5432})");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "network.reset");
  EXPECT_EQ(canonical_json(strike.watches[0].params),
            R"({"host":"10.0.0.5","namespace":"","port":5432})");
  EXPECT_EQ(strike.target, "peer 10.0.0.5, remote port 5432 in the host's network namespace");
}

TEST(NetworkReset, WatchesAServerOfThisHostByLoopbackAndFromWhereItIsTold) {
  const auto watch = [](std::string_view params) {
    return canonical_json(plan({"network.reset", params}, {}).value().watches.at(0).params);
  };
  EXPECT_EQ(watch(R"({"local_port": 6379, "namespace": "/run/netns/a"})"),
            R"({"host":"127.0.0.1","namespace":"/run/netns/a","port":6379})");
  EXPECT_EQ(watch(R"({"peer": "10.0.0.7", "local_port": 6379, "witness": "10.0.0.5:6379",
                      "witness_namespace": "/run/netns/client"})"),
            R"({"host":"10.0.0.5","namespace":"/run/netns/client","port":6379})");
}

TEST(NetworkReset, RefusesWhatWouldMeanEverybodyOrCouldNotBeSeen) {
  EXPECT_THAT(mistake("network.reset", "{}"), HasSubstr("cut the host off from everything"));
  EXPECT_THAT(mistake("network.reset", R"({"peer": "10.0.0.0/8"})"),
              HasSubstr("nothing says where the fault could be seen"));
  EXPECT_THAT(mistake("network.reset", R"({"port": 80, "protocol": "udp"})"),
              HasSubstr("unknown parameter \"protocol\""));
}

}  // namespace
}  // namespace squall::fault
