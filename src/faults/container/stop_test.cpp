#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(ContainerStop, StopsTheContainerWithinItsGraceAndWatchesItDown) {
  const Strike strike =
      plan({"container.stop", R"({"container": "web", "socket": "/s", "grace": "1 s"})"}, Facts{})
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(canonical_json(strike.changes[0].params),
            R"({"container":"web","grace":"1 s","socket":"/s","state":"stopped"})");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(canonical_json(strike.watches[0].params),
            R"({"container":"web","socket":"/s","state":"stopped"})");
}

TEST(ContainerStop, TakesWholeSecondsOnly) {
  EXPECT_THAT(mistake("container.stop", R"({"container": "web", "grace": "1500 ms"})"),
              HasSubstr("no number of whole seconds"));
  EXPECT_THAT(mistake("container.stop", R"({"container": "web", "grace": "6 s"})"),
              HasSubstr("5 s"));
  EXPECT_EQ(mistake("container.stop", R"({"container": "web", "grace": "0 s"})"), "");
}

}  // namespace
}  // namespace squall::fault
