#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ServiceRestart, RestartsTheUnitAndWatchesForItsSuccessor) {
  const Strike strike = plan({"service.restart", R"({"unit": "redis"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"act":"restart","control":"","manager":"systemd","unit":"redis.service"})");
  EXPECT_EQ(strike.watches.at(0).witness, "service.restarted");
}

TEST(ServiceRestart, DoesNotLeaveAServiceBetweenStopAndStart) {
  EXPECT_THAT(mistake("service.restart", R"({"unit": "a", "manager": "supervisor"})"),
              HasSubstr("nobody would start the service"));
  EXPECT_EQ(mistake("service.restart", R"({"unit": "a", "manager": "s6"})"), "");
}

}  // namespace
}  // namespace squall::fault
