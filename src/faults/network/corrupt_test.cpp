#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

TEST(NetworkCorrupt, DamagesAShareAndLeavesTheChecksum) {
  const Strike strike =
      plan({"network.corrupt", R"({"local_port": 80, "share": "10 %"})"}, {}).value();
  json::object change = strike.changes.at(0).params;
  json::object treatment = change["treatment"].as_object();
  EXPECT_EQ(text_at(treatment, "corrupt"), "10 %");
  EXPECT_FALSE(treatment["repairs_checksum"].as_bool());
  EXPECT_EQ(text_at(treatment, "loss"), "0 %");
  EXPECT_THAT(strike.target, HasSubstr("(turn over one bit of 10 %)"));
}

// What is damaged is thrown away, so an exchange is lost with either of its packets.
TEST(NetworkCorrupt, IsFeltAsALoss) {
  const Strike strike =
      plan({"network.corrupt", R"({"local_port": 80, "share": "10 %", "direction": "both"})"}, {})
          .value();
  EXPECT_EQ(strike.watches.at(0).witness, "network.lossy");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "share"), "19 %");
}

TEST(NetworkCorrupt, RefusesWhatCouldNotBeSeen) {
  EXPECT_THAT(mistake("network.corrupt", R"({"local_port": 80, "share": "0.1 %"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("network.corrupt", R"({"port": 80})"), HasSubstr("nothing says where"));
}

}  // namespace
}  // namespace squall::fault
