#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ServiceStartLimit, ExhaustsTheUnitAndWatchesItGivenUp) {
  const Strike strike = plan({"service.start_limit", R"({"unit": "web"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "service.state");
  EXPECT_EQ(text_at(strike.changes[0].params, "state"), "exhausted");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "state"), "exhausted");
}

TEST(ServiceStartLimit, IsForSystemdOnly) {
  for (const std::string manager : {"runit", "s6", "supervisor"}) {
    EXPECT_THAT(mistake("service.start_limit", R"({"unit": "a", "manager": ")" + manager + "\"}"),
                HasSubstr(manager + " cannot be driven to give up"));
  }
}

}  // namespace
}  // namespace squall::fault
