#include <thread>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "net/postgres_server_test.h"
#include "net/test_server.h"
#include "probes/measure_test.h"

namespace squall::probe {
namespace {

using ::testing::HasSubstr;

class SqlProbe : public net::PostgresTest {
 protected:
  static json::object asking(std::string_view query) {
    return {{"port", server().port()}, {"query", query}};
  }
  static Sample ask(std::string_view query, Duration timeout = seconds(20)) {
    return measure("sql", asking(query), timeout);
  }
};

TEST_F(SqlProbe, LooksAtTheFirstValue) {
  const Sample sample = ask("SELECT i, 'x' FROM generate_series(7, 9) i ORDER BY i");
  EXPECT_EQ(sample.problem, "");
  EXPECT_EQ(sample.values.at("reached"), true);
  EXPECT_EQ(text_in(sample, "value"), "7");
  EXPECT_EQ(sample.values.at("rows"), 3);
  EXPECT_GT(duration_in(sample, "latency"), Duration{0});
  EXPECT_EQ(why_broken(sample, "sql", R"({"number": "5..7.5", "value": "7"})"), "");
  EXPECT_NE(why_broken(sample, "sql", R"({"number": "> 7"})"), "");
}

TEST_F(SqlProbe, KnowsATextFromANumberAndNothing) {
  const Sample text = ask("SELECT 'ready'");
  EXPECT_EQ(text_in(text, "value"), "ready");
  EXPECT_FALSE(text.values.contains("number"));
  const Sample nothing = ask("SELECT 1 WHERE false");
  EXPECT_EQ(text_in(nothing, "value"), "");
  EXPECT_EQ(nothing.values.at("rows"), 0);
}

TEST_F(SqlProbe, TellsWhyTheServerRefused) {
  const Sample sample = ask("SELECT * FROM no_such_table");
  EXPECT_THAT(sample.problem, HasSubstr("no_such_table"));
  EXPECT_EQ(text_in(sample, "sqlstate"), "42P01");
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_EQ(why_broken(sample, "sql", R"({"reached": false, "sqlstate": "42P01"})"), "");
}

TEST_F(SqlProbe, IsBoundedByItsTimeout) {
  const Sample sample = ask("SELECT pg_sleep(30)", milliseconds(200));
  EXPECT_THAT(sample.problem, HasSubstr("did not answer within 200 ms"));
  EXPECT_EQ(sample.values.at("reached"), false);
}

TEST_F(SqlProbe, OnlyReads) {
  server().ask("CREATE TABLE IF NOT EXISTS kept (id int)");
  for (const char* change :
       {"INSERT INTO kept VALUES (1)", "DROP TABLE kept",
        "WITH more AS (INSERT INTO kept VALUES (2) RETURNING id) TABLE more"}) {
    const Sample sample = ask(change);
    EXPECT_EQ(text_in(sample, "sqlstate"), "25006") << change << ": " << sample.problem;
  }
  for (const char* several : {"COMMIT; INSERT INTO kept VALUES (3)", "SELECT 1; SELECT 2"}) {
    EXPECT_EQ(text_in(ask(several), "sqlstate"), "42601") << several;
  }
  EXPECT_EQ(server().ask("SELECT count(*) FROM kept"), "0");
}

TEST_F(SqlProbe, LeavesNothingRunningInTheServer) {
  ask("SELECT pg_sleep(30) /* late */", milliseconds(100));
  const auto running = [] {
    return server().ask(
        "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%late%'"
        " AND pid <> pg_backend_pid()");
  };
  sys::Patience patience(seconds(10));
  while (running() != "0" && !patience.is_over()) sys::Patience(milliseconds(5)).wait({});
  EXPECT_EQ(running(), "0");
}

TEST_F(SqlProbe, KeepsItsPasswordToItself) {
  const Sample sample = measure("sql", {{"port", server().port()},
                                        {"query", "SELECT 1"},
                                        {"password", "correct-horse"},
                                        {"username", "nobody-here"}});
  EXPECT_EQ(text_in(sample, "sqlstate"), "28000");
  EXPECT_EQ(sample.problem.find("correct-horse"), std::string::npos) << sample.problem;
}

TEST_F(SqlProbe, ClaimsNothingWhenAStopIsAskedFor) {
  const auto probe = open_probe("sql", asking("SELECT pg_sleep(30)"));
  std::stop_source source;
  const std::jthread asker([&] { source.request_stop(); });
  const Sample sample = probe->take(seconds(30), source.get_token());
  EXPECT_THAT(sample.problem, HasSubstr("stopped while"));
  EXPECT_FALSE(sample.values.contains("reached"));
}

TEST(SqlProbeWithoutAServer, SaysThatNobodyIsThere) {
  const Sample sample = measure("sql", {{"port", net::unused_port()}, {"query", "SELECT 1"}});
  EXPECT_THAT(sample.problem, HasSubstr("connection refused"));
  EXPECT_EQ(sample.values.at("reached"), false);
  EXPECT_THAT(mistake_in("sql", {{"query", " "}}), HasSubstr("query: it is empty"));
}

}  // namespace
}  // namespace squall::probe
