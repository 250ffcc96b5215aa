// What the tests of everything that talks to a PostgreSQL share: a server that is the program's
// own, and sessions in it.
#pragma once

#include <string>

#include <gtest/gtest.h>

#include "net/postgres.h"
#include "sys/private_postgres_test.h"

namespace squall::net {

class PostgresTest : public testing::Test {
 protected:
  void SetUp() override {
    if (sys::PrivatePostgres::only() == nullptr) GTEST_SKIP() << sys::PrivatePostgres::why_not;
    server().settle();  // the test before may have left sessions that are about to end
  }
  static sys::PrivatePostgres& server() { return *sys::PrivatePostgres::only(); }
  static PostgresPlace place(const std::string& user = "postgres") {
    PostgresPlace place;
    place.port = server().port();
    place.username = user;
    return place;
  }
  static Result<Postgres> try_to_connect(const std::string& application) {
    sys::Patience patience(seconds(20));
    return Postgres::open(place(), application, patience);
  }
  static Postgres connect(const std::string& application) {
    return try_to_connect(application).value();
  }
  // Runs a command in a session; it must succeed.
  static void run(Postgres& session, const std::string& sql) {
    sys::Patience patience(seconds(20));
    const Result<PostgresRows> done = session.query(sql, {}, patience);
    EXPECT_TRUE(done.ok()) << done.error().render();
  }
};

}  // namespace squall::net
