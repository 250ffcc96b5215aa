// What the law does not ask: what is reckoned with before anything is done, and servers that are
// not there.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "change/change.h"
#include "sys/private_postgres_test.h"

namespace squall::change {
namespace {

using ::testing::HasSubstr;

Result<Footprint> footprint(const json::object& params) {
  return find(catalogue(), "postgres.sessions")->footprint(params);
}

json::object at_server(json::object params) {
  params["port"] = sys::PrivatePostgres::only()->port();
  return params;
}

TEST(PostgresSessions, AreReckonedWithAsFarAsTheServerTakesThem) {
  if (sys::PrivatePostgres::only() == nullptr) GTEST_SKIP() << sys::PrivatePostgres::why_not;
  const Footprint all = footprint(at_server({{"sessions", 5000}, {"may_be_fewer", true}})).value();
  EXPECT_LE(all.demand.processes, sys::PrivatePostgres::most_sessions + 3);
  EXPECT_LE(all.demand.memory, Bytes{sys::PrivatePostgres::most_sessions * (4ULL << 20)});
  const Footprint three = footprint(at_server({{"sessions", 3}, {"work", "busy"}})).value();
  EXPECT_EQ(three.demand.memory, Bytes{12ULL << 20});
  EXPECT_EQ(three.burnt_cores, 3);
}

TEST(PostgresSessions, LockATableThatNoOtherRunLocks) {
  if (sys::PrivatePostgres::only() == nullptr) GTEST_SKIP() << sys::PrivatePostgres::why_not;
  const json::object lock{{"sessions", 1}, {"work", "lock"}, {"relation", "orders"}};
  const Footprint orders = footprint(at_server(lock)).value();
  ASSERT_EQ(orders.resources.size(), 1U);
  EXPECT_THAT(orders.resources[0], HasSubstr("lock of orders"));
  EXPECT_EQ(footprint(at_server({{"sessions", 1}, {"work", "lock"}})).error().code, Code::invalid);
}

TEST(PostgresSessions, AreRefusedWhereNoServerAnswers) {
  const Result<Footprint> nobody = footprint({{"sessions", 1}, {"port", 1}});
  ASSERT_FALSE(nobody.ok());
  EXPECT_EQ(nobody.error().code, Code::refused);
  EXPECT_THAT(nobody.error().render(), HasSubstr("connection refused by 127.0.0.1:1"));
}

TEST(PostgresSessions, AreGoneWithTheirServer) {
  const Kind* kind = find(catalogue(), "postgres.sessions");
  const json::object before{{"holder_pid", ::getpid()}, {"holder_start", 1}};
  const Result<Reverted> reverted = kind->revert({{"sessions", 1}, {"port", 1}}, before);
  ASSERT_TRUE(reverted.ok()) << reverted.error().render();
  EXPECT_THAT(reverted->detail, HasSubstr("could not be asked"));
}

TEST(PostgresDrop, ChangesNothingWhereNoServerAnswers) {
  const Kind* kind = find(catalogue(), "postgres.drop");
  const Result<json::object> applied = kind->apply({{"port", 1}}, {});
  ASSERT_FALSE(applied.ok());
  EXPECT_EQ(applied.error().code, Code::refused);
}

}  // namespace
}  // namespace squall::change
