#include <csignal>
#include <set>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::plan;
using samples::victim;
using ::testing::HasSubstr;

constexpr std::string_view params = R"({"select": {"name": "postgres"}})";

sys::Process process(std::int64_t pid, std::string command_line) {
  sys::Process made = victim(pid, std::move(command_line));
  made.name = "postgres";
  return made;
}

TEST(PostgresKillBackend, KillsOneSessionAndNoHelperOfTheServer) {
  const Facts facts =
      facts_with({process(1, "/usr/lib/postgresql/15/bin/postgres -D /data"),
                  process(2, "postgres: checkpointer "), process(3, "postgres: walwriter "),
                  process(4, "postgres: logical replication launcher "),
                  process(5, "postgres: 15/main: autovacuum launcher "),
                  process(6, "postgres: app shop 10.0.0.1(4711) idle"),
                  process(7, "postgres: walsender rep 10.0.0.2(1) streaming")});
  for (std::uint64_t seed = 1; seed < 20; ++seed) {
    const Strike strike = plan({"postgres.kill_backend", params, seed}, facts).value();
    ASSERT_EQ(strike.changes.size(), 1U);
    EXPECT_EQ(strike.changes[0].kind, "process.signal");
    EXPECT_EQ(integer_at(strike.changes[0].params, "pid"), 6);
    EXPECT_EQ(integer_at(strike.changes[0].params, "signal"), SIGKILL);
    EXPECT_EQ(strike.watches.at(0).witness, "process.ended");
    EXPECT_EQ(integer_at(strike.watches[0].params, "pid"), 6);
  }
}

TEST(PostgresKillBackend, ChoosesBySeedAmongSeveral) {
  const Facts facts = facts_with({process(6, "postgres: app shop [local] idle"),
                                  process(7, "postgres: 15/main: app shop [local] SELECT"),
                                  process(8, "postgres: report shop [local] idle")});
  std::set<std::int64_t> chosen;
  for (std::uint64_t seed = 1; seed < 40; ++seed) {
    const Strike strike = plan({"postgres.kill_backend", params, seed}, facts).value();
    chosen.insert(integer_at(strike.changes[0].params, "pid"));
  }
  EXPECT_EQ(chosen, (std::set<std::int64_t>{6, 7, 8}));
}

TEST(PostgresKillBackend, SaysThatNobodyIsConnected) {
  const Result<Strike> strike =
      plan({"postgres.kill_backend", params}, facts_with({process(2, "postgres: checkpointer ")}));
  ASSERT_FALSE(strike.ok());
  EXPECT_EQ(strike.error().code, Code::not_found);
  EXPECT_THAT(strike.error().next, HasSubstr("a client must be connected"));
}

}  // namespace
}  // namespace squall::fault
