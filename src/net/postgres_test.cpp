#include "net/postgres.h"

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "net/postgres_server_test.h"
#include "net/socket.h"
#include "net/test_server.h"
#include "sys/test_props.h"

namespace squall::net {
namespace {

using ::testing::HasSubstr;

using PostgresClient = PostgresTest;

TEST_F(PostgresClient, AsksAndReadsRows) {
  Postgres session = connect("asking");
  sys::Patience patience(seconds(10));
  const PostgresRows rows =
      session.query("SELECT i, NULLIF(i, 2) FROM generate_series(1, $1::int) i", {"3"}, patience)
          .value();
  ASSERT_EQ(rows.rows.size(), 3U);
  EXPECT_EQ(rows.first(), "1");
  EXPECT_EQ(rows.number(1), 1);
  EXPECT_EQ(rows.number(2), 0) << "there is no such column";
  EXPECT_FALSE(rows.rows[1][1].has_value());
  EXPECT_EQ(session.query("SELECT WHERE false", {}, patience)->first(), "");
  EXPECT_EQ(session.query("SHOW application_name", {}, patience)->first(), "asking");
}

TEST_F(PostgresClient, TellsTheStateOfARefusedStatement) {
  Postgres session = connect("wrong");
  sys::Patience patience(seconds(10));
  const auto rows = session.query("SELECT * FROM no_such_table", {}, patience);
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, Code::refused);
  EXPECT_EQ(sqlstate_of(rows.error()), "42P01");
  EXPECT_TRUE(session.query("SELECT 1", {}, patience).ok()) << "the session goes on";
}

TEST_F(PostgresClient, TellsTheStateOfARefusedLogin) {
  sys::Patience patience(seconds(10));
  const auto session = Postgres::open(place("nobody-here"), "login", patience);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.error().code, Code::refused);
  EXPECT_EQ(sqlstate_of(session.error()), "28000") << session.error().message;
  EXPECT_THAT(session.error().message, HasSubstr("does not exist"));
  EXPECT_EQ(session.error().message.find("LOCATION"), std::string::npos);
}

TEST_F(PostgresClient, TellsThatThereAreTooManySessions) {
  std::vector<Postgres> all;
  std::string state;
  while (state.empty() && all.size() <= sys::PrivatePostgres::most_sessions) {
    Result<Postgres> one = try_to_connect("crowd");
    if (one.ok()) {
      all.push_back(std::move(*one));
    } else {
      state = sqlstate_of(one.error());
    }
  }
  EXPECT_EQ(state, "53300");
}

TEST_F(PostgresClient, GivesUpWhenItTakesTooLong) {
  Postgres session = connect("slow");
  sys::Patience patience(milliseconds(100));
  const auto rows = session.query("SELECT pg_sleep(5)", {}, patience);
  ASSERT_FALSE(rows.ok());
  EXPECT_EQ(rows.error().code, Code::timed_out);
}

TEST_F(PostgresClient, SendsNowAndReadsLater) {
  Postgres session = connect("later");
  ASSERT_TRUE(session.send("SELECT 42").ok());
  sys::Patience patience(seconds(10));
  while (!session.is_answered().value() && !patience.is_over()) {
    patience.wait_for(session.socket(), POLLIN);
  }
  EXPECT_EQ(session.take()->first(), "42");
}

TEST_F(PostgresClient, NoticesThatItsSessionWasEnded) {
  Postgres session = connect("doomed");
  EXPECT_TRUE(session.is_alive());
  server().ask(
      "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
      " WHERE application_name = 'doomed'");
  sys::Patience patience(seconds(10));
  while (session.is_alive() && !patience.is_over()) patience.wait_for(session.socket(), POLLIN);
  EXPECT_FALSE(session.is_alive());
}

TEST_F(PostgresClient, FindsTheServerByItsName) {
  PostgresPlace named = place();
  named.host = "localhost";  // which may also stand for ::1, where nobody listens
  sys::Patience patience(seconds(10));
  EXPECT_TRUE(Postgres::open(named, "named", patience).ok());
}

TEST_F(PostgresClient, ConnectsFromTheNetworkNamespaceThatIsNamed) {
  PostgresPlace elsewhere = place();
  elsewhere.network_namespace = "/proc/self/ns/net";
  sys::Patience patience(seconds(10));
  EXPECT_TRUE(Postgres::open(elsewhere, "here", patience).ok());
  sys::in_new_namespaces(CLONE_NEWNET, [&] {
    elsewhere.network_namespace = fmt::format("/proc/self/task/{}/ns/net", ::gettid());
    const auto nowhere = Postgres::open(elsewhere, "there", patience);
    ASSERT_FALSE(nowhere.ok()) << "that namespace has no way to the server";
    EXPECT_TRUE(is_about_target(nowhere.error())) << nowhere.error().render();
  });
}

TEST_F(PostgresClient, ConnectsThroughTheUnixSocket) {
  PostgresPlace local = place();
  local.host = server().folder();
  sys::Patience patience(seconds(10));
  EXPECT_TRUE(Postgres::open(local, "local", patience).ok());
}

TEST(PostgresPlaces, ThatAreNotThereAreTold) {
  PostgresPlace place;
  place.port = unused_port();
  sys::Patience patience(seconds(10));
  const auto refused = Postgres::open(place, "x", patience);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::refused);
  EXPECT_THAT(refused.error().message, HasSubstr("connection refused by 127.0.0.1"));
  place.host = "/no/such/folder";
  EXPECT_EQ(Postgres::open(place, "x", patience).error().code, Code::not_found);
  place.host = "no-such-host.invalid";
  EXPECT_EQ(Postgres::open(place, "x", patience).error().code, Code::not_found);
  place.host = "one,two";
  EXPECT_EQ(Postgres::open(place, "x", patience).error().code, Code::invalid);
}

TEST(PostgresPlaces, ThatHangAreGivenUp) {
  const TestServer silent(&stay_silent);
  PostgresPlace place;
  place.port = silent.port();
  sys::Patience patience(milliseconds(100));
  const auto session = Postgres::open(place, "x", patience);
  ASSERT_FALSE(session.ok());
  EXPECT_EQ(session.error().code, Code::timed_out);
}

TEST(Sqlstate, StandsInFrontOfTheMessageOrNowhere) {
  EXPECT_EQ(sqlstate_of(error(Code::refused, "53300: sorry")), "53300");
  EXPECT_EQ(sqlstate_of(error(Code::refused, "sorry: 53300")), "");
  EXPECT_EQ(sqlstate_of(error(Code::refused, "word1: x")), "");
}

}  // namespace
}  // namespace squall::net
