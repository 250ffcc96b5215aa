#include <csignal>
#include <set>

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

TEST(ProcessSignal, SendsEachVictimTheSignalAndWatchesItArrive) {
  const Facts facts = facts_with({victim(10, "nginx"), victim(11, "nginx")});
  const Strike strike =
      plan({"process.signal", R"({"select": {"name": "nginx"}, "signal": "HUP"})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  EXPECT_EQ(strike.changes[1].kind, "process.signal");
  EXPECT_EQ(canonical_json(strike.changes[1].params), R"({"pid":11,"signal":1,"start_ticks":110})");
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(strike.watches[1].witness, "process.signalled");
  EXPECT_EQ(strike.watches[1].params, strike.changes[1].params);
}

TEST(ProcessSignal, TakesSignalsThatEndNothingAndSuchThatDo) {
  const Facts facts = facts_with({victim(10, "nginx")});
  for (const auto& [name, number] :
       {std::pair("USR1", SIGUSR1), std::pair("SIGWINCH", SIGWINCH), std::pair("CONT", SIGCONT),
        std::pair("TERM", SIGTERM), std::pair("RTMIN+2", SIGRTMIN + 2), std::pair("10", 10)}) {
    const std::string params = std::string(R"({"select": {"pid": 10}, "signal": ")") + name + "\"}";
    const Strike strike = plan({"process.signal", params}, facts).value();
    EXPECT_EQ(integer_at(strike.changes.at(0).params, "signal"), number) << name;
  }
}

TEST(ProcessSignal, RefusesWhatWouldLeaveTheVictimStopped) {
  for (const std::string signal : {"STOP", "TSTP", "TTIN", "TTOU"}) {
    EXPECT_THAT(
        mistake("process.signal", R"({"select": {"pid": 10}, "signal": ")" + signal + "\"}"),
        HasSubstr("process.pause"));
  }
  EXPECT_THAT(mistake("process.signal", R"({"select": {"pid": 10}, "signal": "BANG"})"),
              HasSubstr("not a signal"));
  EXPECT_THAT(mistake("process.signal", R"({"select": {"pid": 10}})"), HasSubstr("signal"));
  EXPECT_THAT(mistake("process.signal", R"({"select": {"pid": 10}, "signal": "HUP", "times": 3})"),
              HasSubstr("3 strikes need a time between them"));
}

TEST(ProcessSignal, DrawsAnewAtEachStrike) {
  std::vector<sys::Process> victims;
  for (int i = 0; i < 200; ++i) victims.push_back(victim(100 + i, "w " + std::to_string(i)));
  const auto hit = [&](std::uint64_t ordinal) {
    const Strike strike = plan({"process.signal",
                                R"({"select": {"name": "*"}, "signal": "HUP", "every": "1 s",)"
                                R"( "times": 5, "probability": "50 %"})",
                                1, ordinal},
                               facts_with(victims))
                              .value();
    std::set<std::int64_t> pids;
    for (const change::Request& request : strike.changes) {
      pids.insert(integer_at(request.params, "pid"));
    }
    return pids;
  };
  EXPECT_NEAR(static_cast<double>(hit(0).size()), 100, 30);  // 4 standard deviations
  EXPECT_NE(hit(0), hit(1));
  EXPECT_EQ(hit(0), hit(0));
}

TEST(ProcessSignal, RefusesAtTheFirstStrikeOnlyThatNobodyIsThere) {
  constexpr std::string_view params =
      R"({"select": {"pid": 10}, "signal": "HUP", "times": 2, "every": "1 s"})";
  EXPECT_EQ(plan({"process.signal", params, 1, 0}, facts_with({})).error().code, Code::not_found);
  EXPECT_TRUE(plan({"process.signal", params, 1, 1}, facts_with({})).value().changes.empty());
}

}  // namespace
}  // namespace squall::fault
