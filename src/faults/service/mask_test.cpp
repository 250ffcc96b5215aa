#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ServiceMask, StopsAndThenMasksSoThatTheUndoUnmasksFirst) {
  const Strike strike = plan({"service.mask", R"({"unit": "redis"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 2U);
  EXPECT_EQ(text_at(strike.changes[0].params, "state"), "stopped");
  EXPECT_EQ(text_at(strike.changes[1].params, "state"), "masked");
  ASSERT_EQ(strike.watches.size(), 2U);
  EXPECT_EQ(canonical_json(strike.watches[1].params), canonical_json(strike.changes[1].params));
}

TEST(ServiceMask, LeavesItRunningWhenAsked) {
  const Strike strike =
      plan({"service.mask", R"({"unit": "redis", "stop": false})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(text_at(strike.changes[0].params, "state"), "masked");
}

TEST(ServiceMask, IsForSystemdOnly) {
  for (const std::string manager : {"runit", "s6", "supervisor"}) {
    EXPECT_THAT(mistake("service.mask", R"({"unit": "a", "manager": ")" + manager + "\"}"),
                HasSubstr(manager + " cannot mask a service"));
  }
}

}  // namespace
}  // namespace squall::fault
