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

Strike planned(std::string_view params, std::uint64_t seed = 1) {
  return plan({"network.latency", params, seed}, {}).value();
}

TEST(NetworkLatency, QueuesThePacketsOfOneRule) {
  const Strike strike = planned(
      R"({"delay": "50 ms", "jitter": "10 ms", "distribution": "normal", "correlation": "25 %",
          "reorder": true, "peer": "10.0.0.5", "port": 6379, "namespace": "/run/netns/a"})");
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "packet.queue");
  json::object params = strike.changes[0].params;
  EXPECT_THAT(text_at(params, "name"), testing::MatchesRegex("squall_[0-9a-f]{8}"));
  EXPECT_EQ(text_at(params, "namespace"), "/run/netns/a");
  EXPECT_EQ(canonical_json(params["rules"]),
            R"([{"direction":"in","local_port":0,"peer":"10.0.0.5","protocol":"any",)"
            R"("remote_port":6379}])");
  json::object treatment = params["treatment"].as_object();
  EXPECT_EQ(text_at(treatment, "delay"), "50 ms");
  EXPECT_EQ(text_at(treatment, "jitter"), "10 ms");
  EXPECT_EQ(text_at(treatment, "distribution"), "normal");
  EXPECT_EQ(text_at(treatment, "correlation"), "25 %");
  EXPECT_FALSE(treatment["keeps_order"].as_bool());
  EXPECT_EQ(text_at(treatment, "loss"), "0 %");
  EXPECT_THAT(strike.target, HasSubstr("peer 10.0.0.5, remote port 6379 in /run/netns/a (delay by "
                                       "50 ms"));
}

TEST(NetworkLatency, DrawsBySeedAndStrike) {
  const auto seed_of = [](std::uint64_t seed) {
    return integer_at(planned(R"({"local_port": 80})", seed).changes[0].params, "seed");
  };
  EXPECT_EQ(seed_of(1), seed_of(1));
  EXPECT_NE(seed_of(1), seed_of(2));
}

// A round trip waits once for each of its packets that meets the rule.
TEST(NetworkLatency, ExpectsTheDelayOncePerCrossing) {
  const auto expected = [](std::string_view params) {
    return text_at(planned(params).watches.at(0).params, "delay");
  };
  EXPECT_EQ(expected(R"({"local_port": 80, "delay": "20 ms"})"), "20 ms");
  EXPECT_EQ(expected(R"({"local_port": 80, "delay": "20 ms", "direction": "both"})"), "40 ms");
  EXPECT_EQ(expected(R"({"peer": "10.0.0.5", "port": 80, "delay": "20 ms"})"), "20 ms");
  // On loopback each packet leaves and arrives, and is treated once.
  EXPECT_EQ(expected(R"({"delay": "20 ms", "namespace": "/run/netns/a",
                         "witness": "127.0.0.1:80"})"),
            "40 ms");
}

TEST(NetworkLatency, IsWatchedByAClientAndItsTwin) {
  const Watch watch =
      planned(R"({"local_port": 80, "bypass": "127.0.0.1:81", "namespace": "/run/netns/a"})")
          .watches.at(0);
  EXPECT_EQ(watch.witness, "network.slow");
  EXPECT_EQ(canonical_json(watch.params),
            R"({"bypass_host":"127.0.0.1","bypass_port":81,"delay":"50 ms","host":"127.0.0.1",)"
            R"("namespace":"/run/netns/a","port":80,"protocol":"tcp"})");
}

TEST(NetworkLatency, TakesTheNamespaceOfOneProcess) {
  const Strike strike =
      plan({"network.latency", R"({"process": {"name": "redis"}, "local_port": 6379})"},
           facts_with({victim(42, "redis")}))
          .value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "namespace"), "/proc/42/ns/net");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "namespace"), "/proc/42/ns/net");
}

TEST(NetworkLatency, RefusesWhatCannotBe) {
  EXPECT_THAT(mistake("network.latency", R"({"local_port": 80, "jitter": "51 ms"})"),
              HasSubstr("no packet can arrive early"));
  EXPECT_THAT(mistake("network.latency", R"({"local_port": 80, "bypass": "127.0.0.1:80"})"),
              HasSubstr("would meet the fault too"));
  EXPECT_THAT(mistake("network.latency", R"({"port": 80})"), HasSubstr("nothing says where"));
  EXPECT_THAT(mistake("network.latency", R"({"witness": "10.0.0.5:80"})"),
              HasSubstr("cut the host off"));
  EXPECT_THAT(mistake("network.latency", R"({"local_port": 80, "delay": "2 min"})"),
              HasSubstr("out of bounds"));
}

TEST(NetworkLatency, SaysWhatTheHostLacks) {
  const auto needs = find(catalogue(), "network.latency")->needs({.kernel = "5.10.0-28-amd64"});
  ASSERT_EQ(needs.size(), 4U);
  for (std::size_t i = 0; i < 3; ++i) EXPECT_FALSE(needs[i].met) << needs[i].what;
  EXPECT_THAT(needs[3].what, HasSubstr("NFQUEUE"));
}

}  // namespace
}  // namespace squall::fault
