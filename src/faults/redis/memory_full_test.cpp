#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

// The other way round, a policy of the target's own could evict keys in between. The undo goes
// backwards, so there too the limit is never low under another policy.
TEST(RedisMemoryFull, ForbidsEvictionBeforeItLowersTheLimit) {
  const Strike strike =
      plan({"redis.memory_full", R"({"port": 7000, "limit": "2 MiB"})"}, {}).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  EXPECT_EQ(canonical_json(strike.changes[0].params.at("settings")),
            R"({"maxmemory-policy":"noeviction"})");
  EXPECT_EQ(canonical_json(strike.changes[1].params.at("settings")), R"({"maxmemory":"2097152"})");
  for (const change::Request& request : strike.changes) {
    EXPECT_EQ(request.kind, "redis.settings");
    EXPECT_EQ(integer_at(request.params, "port"), 7000);
  }
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "redis.full");
  EXPECT_EQ(integer_at(strike.watches[0].params, "port"), 7000);
}

TEST(RedisMemoryFull, LeavesNothingFreeByDefault) {
  const Strike strike = plan({"redis.memory_full", "{}"}, {}).value();
  EXPECT_EQ(canonical_json(strike.changes[1].params.at("settings")), R"({"maxmemory":"1"})");
}

// A limit of 0 means no limit to Redis.
TEST(RedisMemoryFull, RefusesALimitThatIsNone) {
  EXPECT_THAT(mistake("redis.memory_full", R"({"limit": "0 B"})"), HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
