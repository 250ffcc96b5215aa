// The work is real: statements that the test runs in a PostgreSQL of its own.
#include "net/postgres_server_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class PostgresBusy : public net::PostgresTest {
 protected:
  static std::unique_ptr<Witness> open(std::int64_t sessions) {
    return scenes::open("postgres.busy", {{"port", server().port()}, {"sessions", sessions}})
        .value();
  }
  static net::Postgres begin(const std::string& sql) {
    net::Postgres session = connect("worker");
    run(session, "SET client_connection_check_interval = 50");
    EXPECT_TRUE(session.send(sql).ok());
    return session;
  }
};

constexpr const char* compute =
    "SELECT sum(sqrt(i)) FROM (SELECT generate_series(1, 400000000) AS i) AS n";

TEST_F(PostgresBusy, SeesSessionsThatComputeAndTheirEnd) {
  const auto witness = open(2);
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  {
    const net::Postgres first = begin(compute);
    const net::Postgres second = begin(compute);
    EXPECT_TRUE(scenes::see(*witness, true).has_value());
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(PostgresBusy, SeesNothingInSessionsThatOnlySleepOrWait) {
  const auto witness = open(1);
  const net::Postgres sleeper = begin("SELECT pg_sleep(10)");
  const net::Postgres idle = connect("idle");
  // Until it sleeps it works for a moment.
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

}  // namespace
}  // namespace squall::witness
