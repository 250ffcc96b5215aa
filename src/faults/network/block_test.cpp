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

json::object watch_of(std::string_view params, const Facts& facts = {}) {
  const Result<Strike> strike = plan({"network.block", params}, facts);
  EXPECT_TRUE(strike.ok()) << params << ": " << strike.error().render();
  return strike.ok() ? strike->watches.at(0).params : json::object{};
}

TEST(NetworkBlock, MakesOneTableWithOneRule) {
  const Strike strike =
      plan({"network.block", R"({"peer": "10.0.0.5", "port": 6379, "direction": "out"})"}, {})
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "nft.table");
  json::object params = strike.changes[0].params;
  EXPECT_THAT(text_at(params, "name"), testing::MatchesRegex("squall_[0-9a-f]{8}"));
  EXPECT_EQ(text_at(params, "namespace", "missing"), "");
  EXPECT_EQ(canonical_json(params["rules"]),
            R"([{"action":"drop","direction":"out","local_port":0,"peer":"10.0.0.5",)"
            R"("protocol":"any","remote_port":6379}])");
  EXPECT_EQ(strike.target,
            "peer 10.0.0.5, remote port 6379 in the host's network namespace (drop out)");
}

TEST(NetworkBlock, NamesTheTableBySeedAndStrike) {
  const auto name = [](std::uint64_t seed, std::uint64_t ordinal) {
    const Strike strike =
        plan({"network.block", R"({"local_port": 80})", seed, ordinal}, {}).value();
    return text_at(strike.changes.at(0).params, "name");
  };
  EXPECT_EQ(name(1, 0), name(1, 0));
  EXPECT_NE(name(1, 0), name(2, 0));
  EXPECT_NE(name(1, 0), name(1, 1));
}

TEST(NetworkBlock, WatchesThePeerOrTheLocalPort) {
  EXPECT_EQ(canonical_json(watch_of(R"({"peer": "10.0.0.5", "port": 6379})")),
            R"({"expects":"drop","host":"10.0.0.5","namespace":"","port":6379,"protocol":"tcp"})");
  EXPECT_EQ(canonical_json(watch_of(R"({"local_port": 80, "namespace": "/run/netns/a"})")),
            R"({"expects":"drop","host":"127.0.0.1","namespace":"/run/netns/a","port":80,)"
            R"("protocol":"tcp"})");
  EXPECT_EQ(text_at(watch_of(R"({"peer": "fd00::5", "port": 53, "protocol": "udp"})"), "protocol"),
            "udp");
  EXPECT_EQ(text_at(watch_of(R"({"peer": "10.0.0.0/8", "witness": "[fd00::5]:80"})"), "host"),
            "fd00::5");
}

// A rejected request is refused; a rejected reply leaves the client without an answer.
TEST(NetworkBlock, ExpectsARefusalOnlyWhereTheRequestIsRejected) {
  struct Row {
    std::string_view params;
    std::string_view expects;
  };
  const std::vector<Row> rows = {
      {R"({"action": "reject", "peer": "10.0.0.5", "port": 80, "direction": "out"})", "reject"},
      {R"({"action": "reject", "peer": "10.0.0.5", "port": 80, "direction": "both"})", "reject"},
      {R"({"action": "reject", "peer": "10.0.0.5", "port": 80, "direction": "in"})", "drop"},
      {R"({"action": "reject", "local_port": 80, "direction": "in"})", "reject"},
      {R"({"action": "reject", "local_port": 80, "direction": "out"})", "drop"},
      {R"({"action": "reject", "port": 80, "direction": "in", "witness": "127.0.0.1:80"})", "drop"},
      {R"({"action": "reject", "peer": "10.0.0.5", "direction": "in", "witness": "10.0.0.1:80",
           "witness_namespace": "/run/netns/peer"})",
       "reject"},
      {R"({"action": "drop", "local_port": 80, "direction": "in"})", "drop"},
  };
  for (const Row& row : rows)
    EXPECT_EQ(text_at(watch_of(row.params), "expects"), row.expects) << row.params;
}

TEST(NetworkBlock, LooksFromTheWitnessNamespaceWhenOneIsGiven) {
  const json::object watch = watch_of(
      R"({"peer": "10.0.0.5", "local_port": 80, "namespace": "/run/netns/a",
          "witness": "10.0.0.1:80", "witness_namespace": "/run/netns/peer"})");
  EXPECT_EQ(text_at(watch, "namespace"), "/run/netns/peer");
  EXPECT_EQ(text_at(watch, "host"), "10.0.0.1");
}

TEST(NetworkBlock, TakesTheNamespaceOfOneProcess) {
  constexpr std::string_view params = R"({"process": {"name": "redis"}, "local_port": 6379})";
  const Strike strike = plan({"network.block", params}, facts_with({victim(42, "redis")})).value();
  EXPECT_EQ(text_at(strike.changes.at(0).params, "namespace"), "/proc/42/ns/net");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "namespace"), "/proc/42/ns/net");
  EXPECT_EQ(plan({"network.block", params}, {}).error().code, Code::not_found);
  const Result<Strike> two =
      plan({"network.block", params}, facts_with({victim(42, "redis"), victim(43, "redis")}));
  ASSERT_FALSE(two.ok());
  EXPECT_THAT(two.error().next, HasSubstr("pick: one"));
}

TEST(NetworkBlock, RefusesWhatNoWitnessCouldSee) {
  for (const std::string_view params :
       {R"({"port": 80})", R"({"peer": "10.0.0.5"})", R"({"peer": "10.0.0.0/8", "port": 80})",
        R"({"peer": "10.0.0.5", "local_port": 80})"}) {
    EXPECT_THAT(mistake("network.block", params), HasSubstr("nothing says where")) << params;
  }
}

TEST(NetworkBlock, RefusesAWitnessOutsideTheBlock) {
  for (const std::string_view params :
       {R"({"port": 80, "witness": "10.0.0.5:81"})",
        R"({"local_port": 80, "witness": "127.0.0.1:81"})",
        R"({"peer": "10.0.0.5", "port": 80, "witness": "10.0.0.6:80"})",
        R"({"peer": "10.0.0.5", "port": 80, "witness": "10.0.0.5:80",
            "witness_namespace": "/run/netns/peer"})"}) {
    EXPECT_THAT(mistake("network.block", params), HasSubstr("would not meet the fault")) << params;
  }
}

TEST(NetworkBlock, RefusesToCutOffTheWholeHost) {
  EXPECT_THAT(mistake("network.block", R"({"witness": "10.0.0.5:80"})"),
              HasSubstr("cut the host off"));
  EXPECT_EQ(mistake("network.block", R"({"witness": "10.0.0.5:80", "namespace": "/run/netns/a"})"),
            "");
}

TEST(NetworkBlock, FindsContradictionsInTheDocumentAlone) {
  EXPECT_THAT(mistake("network.block", R"({"peer": "example.org", "port": 80})"),
              HasSubstr("neither an IPv4 or IPv6 address"));
  EXPECT_THAT(mistake("network.block", R"({"port": 80, "local_port": 80})"),
              HasSubstr("one fixed pair"));
  EXPECT_THAT(
      mistake("network.block", R"({"local_port": 80, "namespace": "/a", "process": {"pid": 1}})"),
      HasSubstr("both given"));
  EXPECT_THAT(mistake("network.block", R"({"local_port": 80, "witness": "fd00::5:80"})"),
              HasSubstr("not address:port"));
  EXPECT_THAT(mistake("network.block", R"({"local_port": 70000})"), HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("network.block", R"({"local_port": 80, "action": "explode"})"),
              HasSubstr("drop or reject"));
}

TEST(NetworkBlock, SaysWhatTheHostLacks) {
  const auto needs = find(catalogue(), "network.block")->needs({.kernel = "5.10.0-28-amd64"});
  ASSERT_EQ(needs.size(), 3U);
  for (const sys::Need& need : needs) EXPECT_FALSE(need.met) << need.what;
  EXPECT_THAT(needs[2].reason, HasSubstr("5.10.0-28-amd64"));
}

}  // namespace
}  // namespace squall::fault
