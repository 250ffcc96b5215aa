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

std::vector<sys::Process> many(int count) {
  std::vector<sys::Process> victims;
  for (int i = 0; i < count; ++i) victims.push_back(victim(100 + i, "worker " + std::to_string(i)));
  return victims;
}

std::set<std::int64_t> pids_hit(const Strike& strike) {
  std::set<std::int64_t> pids;
  for (const change::Request& request : strike.changes)
    pids.insert(integer_at(request.params, "pid"));
  return pids;
}

TEST(ProcessKill, SendsEachVictimOneSignalAndWatchesItsEnd) {
  const Facts facts = facts_with({victim(10, "redis-server"), victim(11, "nginx")});
  const Strike strike = plan({"process.kill", R"({"select": {"name": "*"}})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  EXPECT_EQ(strike.changes[1].kind, "process.signal");
  EXPECT_EQ(canonical_json(strike.changes[1].params), R"({"pid":11,"signal":9,"start_ticks":110})");
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(strike.watches[0].witness, "process.ended");
  EXPECT_EQ(canonical_json(strike.watches[0].params), R"({"pid":10,"start_ticks":100})");
  EXPECT_EQ(strike.target, "redis-server (pid 10) and nginx (pid 11)");
}

TEST(ProcessKill, TakesTheSignalByNameOrNumber) {
  const Facts facts = facts_with({victim(10, "redis-server")});
  for (const std::string_view params : {R"({"select": {"pid": 10}, "signal": "TERM"})",
                                        R"({"select": {"pid": 10}, "signal": "SIGTERM"})",
                                        R"({"select": {"pid": 10}, "signal": 15})"}) {
    const Strike strike = plan({"process.kill", params}, facts).value();
    EXPECT_EQ(integer_at(strike.changes.at(0).params, "signal"), SIGTERM) << params;
  }
}

TEST(ProcessKill, RefusesSignalsThatEndNothing) {
  for (const std::string signal : {"STOP", "CONT", "CHLD", "WINCH", "URG", "TSTP"}) {
    EXPECT_THAT(mistake("process.kill", R"({"select": {"pid": 10}, "signal": ")" + signal + "\"}"),
                HasSubstr("SIG" + signal + " ends no process"));
  }
  EXPECT_THAT(mistake("process.kill", R"({"select": {"pid": 10}, "signal": "BANG"})"),
              HasSubstr("not a signal"));
}

TEST(ProcessKill, RefusesRepetitionWithoutATimeBetween) {
  EXPECT_THAT(mistake("process.kill", R"({"select": {"pid": 10}, "times": 3})"),
              HasSubstr("3 strikes need a time between them"));
  EXPECT_THAT(mistake("process.kill", R"({"select": {"pid": 10}, "every": "5 s"})"),
              HasSubstr("only one strike"));
  EXPECT_THAT(mistake("process.kill", R"({"select": {"pick": "one"}})"),
              HasSubstr("which processes are meant"));
  EXPECT_EQ(mistake("process.kill", R"({"select": {"pid": 10}, "times": 3, "every": "5 s"})"), "");
}

TEST(ProcessKill, RepeatsAsAsked) {
  const Kind& kind = *find(catalogue(), "process.kill");
  const json::value params =
      parse_json(R"({"select": {"pid": 1}, "times": 3, "every": "5 s", "probability": "50 %"})")
          .value();
  const Repeat repeat = kind.repeat(params.as_object()).value();
  EXPECT_EQ(repeat.every, seconds(5));
  EXPECT_EQ(repeat.times, 3);
  EXPECT_EQ(repeat.probability, 1.0) << "the chance is drawn for each victim in the plan";
}

TEST(ProcessKill, HitsAboutTheAskedShareAndOthersAtEachStrike) {
  const Facts facts = facts_with(many(1000));
  constexpr std::string_view params = R"({"select": {"name": "*"}, "probability": "30 %"})";
  const auto first = pids_hit(plan({"process.kill", params, 1, 0}, facts).value());
  const auto second = pids_hit(plan({"process.kill", params, 1, 1}, facts).value());
  EXPECT_NEAR(static_cast<double>(first.size()), 300, 60);  // 4 standard deviations
  EXPECT_NEAR(static_cast<double>(second.size()), 300, 60);
  EXPECT_NE(first, second);
  EXPECT_EQ(first, pids_hit(plan({"process.kill", params, 1, 0}, facts).value()));
  EXPECT_NE(first, pids_hit(plan({"process.kill", params, 2, 0}, facts).value()));
}

TEST(ProcessKill, TakingAVictimAwayChangesNoOthersFate) {
  constexpr std::string_view params = R"({"select": {"name": "*"}, "probability": "50 %"})";
  std::vector<sys::Process> victims = many(40);
  auto expected = pids_hit(plan({"process.kill", params}, facts_with(victims)).value());
  expected.erase(107);
  victims.erase(victims.begin() + 7);
  EXPECT_EQ(pids_hit(plan({"process.kill", params}, facts_with(victims)).value()), expected);
}

TEST(ProcessKill, ChoosesTheSameWhateverThePids) {
  constexpr std::string_view params = R"({"select": {"name": "*"}, "probability": "50 %"})";
  std::vector<bool> fates[2];
  for (const int run : {0, 1}) {
    for (int i = 0; i < 20; ++i) {
      const Facts facts = facts_with({victim(1000 * (run + 1) + i, "worker " + std::to_string(i))});
      fates[run].push_back(plan({"process.kill", params}, facts).value().changes.empty());
    }
  }
  EXPECT_EQ(fates[0], fates[1]);
}

TEST(ProcessKill, SaysWhoIsMissingAtTheFirstStrikeOnly) {
  const Result<Strike> first = plan({"process.kill", R"({"select": {"name": "ghost"}})"}, Facts{});
  ASSERT_FALSE(first.ok());
  EXPECT_EQ(first.error().code, Code::not_found);
  EXPECT_THAT(first.error().message, HasSubstr("ghost"));
  EXPECT_FALSE(first.error().next.empty());
  const Result<Strike> later =
      plan({"process.kill", R"({"select": {"name": "ghost"}})", 1, 4}, Facts{});
  ASSERT_TRUE(later.ok()) << "the victim may still be restarting";
  EXPECT_TRUE(later->changes.empty());
  EXPECT_EQ(later->target, "nobody");
}

}  // namespace
}  // namespace squall::fault
