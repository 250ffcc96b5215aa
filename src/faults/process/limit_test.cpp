#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::facts_with;
using samples::mistake;
using samples::plan;
using samples::victim;
using testing::HasSubstr;

TEST(ProcessLimit, LowersACountedResource) {
  const Strike strike =
      plan({"process.limit", R"({"select": {"pid": 10}, "resource": "descriptors", "soft": 16})"},
           facts_with({victim(10, "nginx")}))
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "process.rlimit");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"pid":10,"resource":"nofile","soft":16,"start_ticks":100})");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "process.limited");
  EXPECT_EQ(strike.watches[0].params, strike.changes[0].params);
}

TEST(ProcessLimit, LowersASizedResourceInBytes) {
  const Strike strike =
      plan({"process.limit",
            R"({"select": {"pid": 10}, "resource": "address_space", "soft": "512 MiB"})"},
           facts_with({victim(10, "nginx")}))
          .value();
  EXPECT_EQ(integer_at(strike.changes.at(0).params, "soft"), 512 << 20);
  EXPECT_EQ(text_at(strike.changes.at(0).params, "resource"), "as");
}

TEST(ProcessLimit, WantsTheUnitThatFitsTheResource) {
  EXPECT_THAT(mistake("process.limit", R"({"select": {"pid": 1}, "soft": "16 MiB"})"),
              HasSubstr("not a count"));
  EXPECT_THAT(mistake("process.limit", R"({"select": {"pid": 1}, "soft": "-1"})"),
              HasSubstr("not a count"));
  EXPECT_THAT(
      mistake("process.limit", R"({"select": {"pid": 1}, "resource": "data", "soft": "16"})"),
      HasSubstr("no unit"));
  EXPECT_THAT(mistake("process.limit", R"({"select": {"pid": 1}})"), HasSubstr("missing"));
}

TEST(ProcessLimit, RefusesToLimitProcessesOfRootWhomItDoesNotBind) {
  constexpr std::string_view params =
      R"({"select": {"pid": 10}, "resource": "processes", "soft": 4})";
  const Result<Strike> root = plan({"process.limit", params}, facts_with({victim(10, "a", 0)}));
  ASSERT_FALSE(root.ok());
  EXPECT_THAT(root.error().message, HasSubstr("belongs to root"));
  EXPECT_TRUE(plan({"process.limit", params}, facts_with({victim(10, "a", 33)})).ok());
}

}  // namespace
}  // namespace squall::fault
