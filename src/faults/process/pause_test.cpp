#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::plan;
using samples::victim;

TEST(ProcessPause, StopsEachVictimAndWatchesEach) {
  const Facts facts = facts_with({victim(10, "redis-server"), victim(11, "redis-server")});
  const Strike strike =
      plan({"process.pause", R"({"select": {"name": "redis-server"}})"}, facts).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  ASSERT_EQ(strike.watches.size(), 2U);
  for (std::size_t i = 0; i < 2; ++i) {
    EXPECT_EQ(strike.changes[i].kind, "process.stop");
    EXPECT_EQ(strike.watches[i].witness, "process.stopped");
    EXPECT_EQ(integer_at(strike.changes[i].params, "pid"), static_cast<std::int64_t>(10 + i));
    EXPECT_EQ(integer_at(strike.changes[i].params, "start_ticks"),
              static_cast<std::int64_t>(100 + 10 * i));
    EXPECT_EQ(strike.changes[i].params, strike.watches[i].params);
  }
}

TEST(ProcessPause, NamesManyVictimsInShort) {
  std::vector<sys::Process> victims;
  for (int i = 0; i < 9; ++i) victims.push_back(victim(10 + i, "w"));
  const Strike strike =
      plan({"process.pause", R"({"select": {"name": "w"}})"}, facts_with(victims)).value();
  EXPECT_EQ(strike.target, "w (pid 10), w (pid 11), w (pid 12), w (pid 13) and 5 more");
}

TEST(ProcessPause, RefusesWhenNobodyMatches) {
  const Result<Strike> strike = plan({"process.pause", R"({"select": {"pid": 99}})"}, Facts{});
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::not_found);
}

TEST(ProcessPause, ShowsHostileNamesWithoutControlCharacters) {
  const Facts facts = facts_with({victim(10, "evil\x1b[2J")});
  const Strike strike = plan({"process.pause", R"({"select": {"pid": 10}})"}, facts).value();
  EXPECT_EQ(strike.target.find('\x1b'), std::string::npos);
}

}  // namespace
}  // namespace squall::fault
