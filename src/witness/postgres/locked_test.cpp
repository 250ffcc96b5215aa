// The locks are real: taken by the test in a PostgreSQL of its own.
#include <gmock/gmock.h>

#include "net/postgres_server_test.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

class PostgresLocked : public net::PostgresTest {
 protected:
  void SetUp() override {
    net::PostgresTest::SetUp();
    if (IsSkipped()) return;
    server().ask(
        "CREATE TABLE IF NOT EXISTS orders (id int); CREATE TABLE IF NOT EXISTS other (id int)");
  }
  static Result<std::unique_ptr<Witness>> open(std::string_view relation) {
    return scenes::open("postgres.locked", {{"port", server().port()}, {"relation", relation}});
  }
  static net::Postgres lock(std::string_view relation, std::string_view mode) {
    net::Postgres session = connect("locker");
    run(session, "BEGIN");
    run(session, fmt::format("LOCK TABLE {} IN {} MODE", relation, mode));
    return session;
  }
};

TEST_F(PostgresLocked, SeesALockAndItsEnd) {
  const auto witness = open("public.orders").value();
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
  {
    const net::Postgres locker = lock("orders", "ACCESS EXCLUSIVE");
    const auto on = scenes::see(*witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_THAT(on->detail, HasSubstr("no lock within"));
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(PostgresLocked, SeesNothingWhenReadingIsPossible) {
  const auto witness = open("orders").value();
  const net::Postgres other = lock("other", "ACCESS EXCLUSIVE");
  const net::Postgres weak = lock("orders", "EXCLUSIVE");
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

TEST_F(PostgresLocked, RefusesATableThatIsNotThereOrLockedAlready) {
  const auto missing = open("no_such_table");
  ASSERT_FALSE(missing.ok());
  EXPECT_THAT(missing.error().render(), HasSubstr("no_such_table"));
  const net::Postgres locker = lock("orders", "ACCESS EXCLUSIVE");
  const auto locked = open("orders");
  ASSERT_FALSE(locked.ok());
  EXPECT_EQ(locked.error().code, Code::not_found);
}

}  // namespace
}  // namespace squall::witness
