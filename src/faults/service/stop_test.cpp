#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ServiceStop, StopsTheUnitAndWatchesItDown) {
  const Strike strike = plan({"service.stop", R"({"unit": "redis"})"}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "service.state");
  const std::string wanted =
      R"({"control":"","manager":"systemd","state":"stopped","unit":"redis.service"})";
  EXPECT_EQ(canonical_json(strike.changes[0].params), wanted);
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "service.state");
  EXPECT_EQ(canonical_json(strike.watches[0].params), wanted);
  EXPECT_EQ(strike.target, "redis.service (systemd)");
}

TEST(ServiceStop, NamesServicesOfOtherManagersAsTheyAre) {
  const Strike strike =
      plan({"service.stop", R"({"unit": "web", "manager": "runit", "control": "/srv/sv"})"},
           Facts{})
          .value();
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"control":"/srv/sv","manager":"runit","state":"stopped","unit":"web"})");
  EXPECT_EQ(strike.target, "web (runit)");
}

TEST(ServiceStop, RefusesWhatNoManagerCouldMean) {
  EXPECT_THAT(mistake("service.stop", R"({"unit": "../etc"})"), HasSubstr("is not the name"));
  EXPECT_THAT(mistake("service.stop", R"({"unit": "a b"})"), HasSubstr("is not the name"));
  EXPECT_THAT(mistake("service.stop", R"({"unit": "a", "control": "tcp:host=x"})"),
              HasSubstr("not an absolute path"));
  EXPECT_THAT(mistake("service.stop", R"({"unit": "a", "manager": "upstart"})"),
              HasSubstr("systemd, runit, s6 or supervisor"));
}

}  // namespace
}  // namespace squall::fault
