#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ServiceKill, SendsTheSignalThroughTheManagerAndWatchesTheEnd) {
  const Strike strike = plan({"service.kill", R"({"unit": "redis"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "service.act");
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"act":"kill","control":"","main_only":false,"manager":"systemd","signal":9,)"
            R"("unit":"redis.service"})");
  EXPECT_EQ(strike.watches.at(0).witness, "service.ended");
}

TEST(ServiceKill, TakesAnotherSignalAndTheMainProcessAlone) {
  const Strike strike =
      plan({"service.kill", R"({"unit": "redis", "signal": "SEGV", "who": "main"})"}, Facts{})
          .value();
  EXPECT_EQ(integer_at(strike.changes[0].params, "signal"), 11);
  EXPECT_TRUE(bool_at(strike.changes[0].params, "main_only"));
}

TEST(ServiceKill, RefusesSignalsThatEndNothing) {
  EXPECT_THAT(mistake("service.kill", R"({"unit": "a", "signal": "STOP"})"),
              HasSubstr("SIGSTOP ends no service"));
  EXPECT_THAT(mistake("service.kill", R"({"unit": "a", "signal": "CHLD"})"),
              HasSubstr("SIGCHLD ends no service"));
  EXPECT_THAT(mistake("service.kill", R"({"unit": "a", "signal": "BANG"})"),
              HasSubstr("not a signal"));
}

}  // namespace
}  // namespace squall::fault
