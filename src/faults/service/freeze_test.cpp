#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ServiceFreeze, FreezesTheUnitAndWatchesItFrozen) {
  for (const std::string manager : {"systemd", "runit", "s6", "supervisor"}) {
    const std::string params = R"({"unit": "a.service", "manager": ")" + manager + "\"}";
    const Strike strike = plan({"service.freeze", params}, Facts{}).value();
    ASSERT_EQ(strike.changes.size(), 1U);
    EXPECT_EQ(
        canonical_json(strike.changes[0].params),
        R"({"control":"","manager":")" + manager + R"(","state":"frozen","unit":"a.service"})");
    EXPECT_EQ(canonical_json(strike.watches.at(0).params),
              canonical_json(strike.changes[0].params));
  }
}

TEST(ServiceFreeze, RefusesWhatNoManagerCouldMean) {
  EXPECT_THAT(mistake("service.freeze", R"({"unit": ""})"), HasSubstr("is not the name"));
  EXPECT_THAT(mistake("service.freeze", R"({})"), HasSubstr("unit"));
}

}  // namespace
}  // namespace squall::fault
