// The sessions are real: opened and ended by the test in a PostgreSQL of its own.
#include <gmock/gmock.h>

#include "net/postgres_server_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

class PostgresDropped : public net::PostgresTest {
 protected:
  static Result<std::unique_ptr<Witness>> open(std::string_view application, int at_most) {
    return scenes::open(
        "postgres.dropped",
        {{"port", server().port()}, {"of_application", application}, {"at_most", at_most}});
  }
  static void end(std::string_view application) {
    // The second argument: it waits until the session has ended.
    ASSERT_EQ(server().ask(fmt::format("SELECT pg_terminate_backend(pid, 10000) FROM"
                                       " pg_stat_activity WHERE application_name = '{}'",
                                       application)),
              "t");
  }
};

TEST_F(PostgresDropped, SeesThatTheSessionsAreGoneAlsoWhenTheyComeBack) {
  const net::Postgres one = connect("shop-1");
  const net::Postgres two = connect("shop-2");
  const auto witness = open("shop-%", 2).value();
  EXPECT_TRUE(scenes::stays_off(*witness, 3));
  end("shop-1");
  EXPECT_TRUE(scenes::stays_off(*witness, 5)) << "one of two is not enough";
  end("shop-2");
  const net::Postgres again = connect("shop-2");
  const auto on = scenes::see(*witness, true);
  ASSERT_TRUE(on.has_value());
  EXPECT_EQ(on->dose, 2);
}

TEST_F(PostgresDropped, SeesNothingWhenOthersAreEnded) {
  const net::Postgres one = connect("shop-1");
  const net::Postgres other = connect("report");
  const auto witness = open("shop-%", 5).value();
  end("report");
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

TEST_F(PostgresDropped, RefusesWhenThereIsNothingToDrop) {
  const auto witness = open("nobody-%", 1);
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
