// The verbs on a PostgreSQL of our own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/postgres_server_test.h"
#include "reach/reach.h"

namespace squall::reach {
namespace {

using ::testing::HasSubstr;

class PostgresVerbs : public net::PostgresTest {
 protected:
  static json::object at_server(const json::object& more) {
    json::object params{{"port", server().port()}};
    for (const auto& one : more) params[one.key()] = one.value();
    return params;
  }
  static Result<std::unique_ptr<Serving>> hold(json::object more) {
    more["application"] = "squall-test";
    return find(catalogue(), "postgres.sessions")->serve(at_server(more));
  }
  static Result<json::object> call(std::string_view verb, const json::object& more) {
    return find(catalogue(), verb)->call(at_server(more));
  }
  static std::string count(const std::string& condition) {
    return server().ask("SELECT count(*) FROM pg_stat_activity WHERE " + condition);
  }
  // Looks until so many sessions are as wanted.
  static bool comes_to(const std::string& wanted, const std::string& condition) {
    sys::Patience patience(seconds(20));
    while (count(condition) != wanted) {
      if (patience.is_over()) return false;
    }
    return true;
  }
};

const std::string ours = "application_name = 'squall-test'";

TEST_F(PostgresVerbs, HoldAsManySessionsAsAskedUntilLetGo) {
  {
    const auto held = hold({{"sessions", 5}}).value();
    EXPECT_EQ(integer_at(held->facts(), "sessions"), 5);
    EXPECT_EQ(count(ours), "5");
    EXPECT_TRUE(held->is_intact());
    EXPECT_EQ(held->finish(), "held 5 sessions at most");
  }
  EXPECT_TRUE(comes_to("0", ours));
}

TEST_F(PostgresVerbs, TakeWhatIsLeftOnlyWhereFewerWillDo) {
  const Result<std::unique_ptr<Serving>> all = hold({{"sessions", 100}});
  ASSERT_FALSE(all.ok());
  EXPECT_THAT(all.error().render(), HasSubstr("53300"));
  EXPECT_TRUE(comes_to("0", ours)) << "nothing is half applied";
  const auto held = hold({{"sessions", 100}, {"may_be_fewer", true}}).value();
  const std::int64_t taken = integer_at(held->facts(), "sessions");
  EXPECT_GT(taken, sys::PrivatePostgres::most_sessions / 2);
  EXPECT_EQ(net::sqlstate_of(try_to_connect("late").error()), "53300");
}

TEST_F(PostgresVerbs, ReplaceASessionThatWasEnded) {
  const auto held = hold({{"sessions", 2}}).value();
  server().ask("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE " + ours);
  EXPECT_TRUE(comes_to("2", ours));
}

TEST_F(PostgresVerbs, LockTheTableThatIsNamedAsItIsNamed) {
  server().ask("CREATE SCHEMA IF NOT EXISTS shop");
  server().ask("CREATE TABLE IF NOT EXISTS shop.\"Odd; name\" (id int)");
  const json::object lock{{"sessions", 1}, {"work", "lock"}, {"relation", "shop.\"Odd; name\""}};
  const auto locked = [] {
    return server().ask(
        "SELECT count(*) FROM pg_locks WHERE mode = 'AccessExclusiveLock'"
        " AND relation = 'shop.\"Odd; name\"'::regclass");
  };
  {
    const auto held = hold(lock).value();
    EXPECT_EQ(locked(), "1");
    const auto second = hold(lock);
    ASSERT_FALSE(second.ok()) << "somebody else has the lock";
    EXPECT_EQ(second.error().code, Code::refused);
    EXPECT_THAT(second.error().render(), HasSubstr("55P03"));
    server().ask("SELECT pg_terminate_backend(pid, 10000) FROM pg_stat_activity WHERE " + ours);
    sys::Patience patience(seconds(10));
    while (held->is_intact() && !patience.is_over()) sys::Patience(milliseconds(5)).wait({});
    EXPECT_FALSE(held->is_intact()) << "a lock that is lost is not taken again";
  }
  EXPECT_EQ(locked(), "0");
  const auto missing = hold({{"sessions", 1}, {"work", "lock"}, {"relation", "x; DROP TABLE y"}});
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().render(), HasSubstr("locking"));
}

TEST_F(PostgresVerbs, ComputeAgainAndAgain) {
  const std::string condition = ours + " AND state = 'active' AND wait_event IS NULL";
  {
    const auto held = hold({{"sessions", 1}, {"work", "busy"}}).value();
    EXPECT_TRUE(comes_to("1", condition));
    sys::Patience patience(seconds(20));
    while (held->finish().find("pieces of work") == std::string::npos && !patience.is_over()) {
      sys::Patience(milliseconds(5)).wait({});
    }
    EXPECT_THAT(held->finish(), HasSubstr("pieces of work"));
  }
  EXPECT_TRUE(comes_to("0", ours));
}

TEST_F(PostgresVerbs, EndTheOldestSessionsThatMatchAndNeverTheirOwn) {
  net::Postgres first = connect("shop-1");
  net::Postgres second = connect("shop-2");
  net::Postgres own = connect("squall-witness");
  const json::object ended =
      call("postgres.terminate", {{"of_application", "shop-%"}, {"at_most", 1}}).value();
  EXPECT_EQ(array_at(ended, "ended")->size(), 1U);
  sys::Patience patience(seconds(10));
  while (first.is_alive() && !patience.is_over()) patience.wait_for(first.socket(), POLLIN);
  EXPECT_FALSE(first.is_alive());
  EXPECT_TRUE(second.is_alive());
  ASSERT_TRUE(call("postgres.terminate", {{"at_most", 100}}).ok());
  EXPECT_TRUE(own.is_alive());
  const auto nobody = call("postgres.terminate", {{"of_user", "nobody"}, {"at_most", 1}});
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::not_found);
}

TEST_F(PostgresVerbs, EndAllOrNoneWhereTheRightIsMissing) {
  server().ask("CREATE ROLE weak LOGIN");
  sys::Patience patience(seconds(10));
  net::Postgres theirs = net::Postgres::open(place("weak"), "mixed", patience).value();
  net::Postgres of_superuser = connect("mixed");
  const json::object both{{"username", "weak"}, {"of_application", "mixed"}, {"at_most", 5}};
  const auto refused = call("postgres.terminate", both);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("\"weak\" may not end all of the 2 sessions"));
  EXPECT_EQ(count("application_name = 'mixed'"), "2");
}

TEST_F(PostgresVerbs, CountSessionsAndTheRoomThatIsLeft) {
  const net::Postgres one = connect("counted");
  const json::object shown = call("postgres.look", {{"application", "counted"}}).value();
  EXPECT_EQ(integer_at(shown, "sessions"), 1);
  EXPECT_EQ(integer_at(shown, "room"), sys::PrivatePostgres::most_sessions - 1);
}

}  // namespace
}  // namespace squall::reach
