// The crowd is real: sessions that the test opens in a PostgreSQL of its own.
#include <gmock/gmock.h>

#include "net/postgres_server_test.h"
#include "net/test_server.h"
#include "witness/scenes_test.h"

namespace squall::witness {
namespace {

using testing::HasSubstr;

class PostgresCrowded : public net::PostgresTest {
 protected:
  static std::unique_ptr<Witness> open(std::int64_t sessions) {
    return scenes::open("postgres.crowded", {{"port", server().port()}, {"sessions", sessions}})
        .value();
  }
  static std::vector<net::Postgres> crowd(std::size_t most) {
    std::vector<net::Postgres> all;
    while (all.size() < most) {
      Result<net::Postgres> one = try_to_connect("crowd");
      if (!one.ok()) break;
      all.push_back(std::move(*one));
    }
    return all;
  }
};

TEST_F(PostgresCrowded, SeesThatNobodyGetsInAndThatItIsOver) {
  const auto witness = open(0);
  EXPECT_TRUE(scenes::stays_off(*witness, 3));
  {
    const std::vector<net::Postgres> all = crowd(sys::PrivatePostgres::most_sessions);
    const auto on = scenes::see(*witness, true);
    ASSERT_TRUE(on.has_value());
    EXPECT_THAT(on->detail, HasSubstr("53300"));
    EXPECT_GT(on->dose, 5);
  }
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(PostgresCrowded, SeesNothingWhileThereIsRoom) {
  const auto witness = open(0);
  const std::vector<net::Postgres> some = crowd(3);
  EXPECT_TRUE(scenes::stays_off(*witness, 5));
}

TEST_F(PostgresCrowded, CountsWhereANumberIsAskedFor) {
  const auto witness = open(5);
  std::vector<net::Postgres> some = crowd(3);
  EXPECT_TRUE(scenes::stays_off(*witness, 5)) << "three are not five";
  some.push_back(connect("more"));
  some.push_back(connect("more"));
  EXPECT_TRUE(scenes::see(*witness, true).has_value());
  some.clear();
  EXPECT_TRUE(scenes::see(*witness, false).has_value());
}

TEST_F(PostgresCrowded, SaysThatNobodyIsThere) {
  const auto witness =
      scenes::open("postgres.crowded", {{"port", net::unused_port()}, {"sessions", 0}});
  ASSERT_FALSE(witness.ok());
  EXPECT_EQ(witness.error().code, Code::refused);
}

}  // namespace
}  // namespace squall::witness
