#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Strike planned(std::string_view params) {
  return plan({"network.loss", params}, {}).value();
}
json::object treatment_of(std::string_view params) {
  json::object change = planned(params).changes.at(0).params;
  return change["treatment"].as_object();
}
json::object watch_of(std::string_view params) {
  return planned(params).watches.at(0).params;
}

TEST(NetworkLoss, LosesAShareInBursts) {
  json::object treatment = treatment_of(R"({"local_port": 80, "share": "10 %", "burst": 4})");
  EXPECT_EQ(text_at(treatment, "loss"), "10 %");
  EXPECT_EQ(treatment["burst"].to_number<double>(), 4);
  EXPECT_EQ(integer_at(treatment, "drop_every"), 0);
  EXPECT_EQ(text_at(treatment, "delay"), "0 s");
}

TEST(NetworkLoss, LosesEveryNthInPlaceOfAShare) {
  const json::object treatment = treatment_of(R"({"local_port": 80, "every": 10})");
  EXPECT_EQ(integer_at(treatment, "drop_every"), 10);
  EXPECT_EQ(text_at(treatment, "loss"), "0 %");
  EXPECT_EQ(text_at(watch_of(R"({"local_port": 80, "every": 10})"), "share"), "10 %");
}

// An exchange is lost with either of its packets.
TEST(NetworkLoss, ExpectsWhatAnExchangeFeels) {
  EXPECT_EQ(text_at(watch_of(R"({"local_port": 80, "share": "10 %"})"), "share"), "10 %");
  EXPECT_EQ(
      text_at(watch_of(R"({"local_port": 80, "share": "10 %", "direction": "both"})"), "share"),
      "19 %");
  EXPECT_EQ(planned(R"({"local_port": 80})").watches.at(0).witness, "network.lossy");
}

TEST(NetworkLoss, RefusesWhatCannotBe) {
  EXPECT_THAT(mistake("network.loss", R"({"local_port": 80, "every": 10, "burst": 2})"),
              HasSubstr("both given"));
  EXPECT_THAT(mistake("network.loss", R"({"local_port": 80, "burst": 0.5})"),
              HasSubstr("at least 1 packet"));
  EXPECT_THAT(mistake("network.loss", R"({"local_port": 80, "share": "90 %", "burst": 2})"),
              HasSubstr("cannot make up"));
  EXPECT_THAT(mistake("network.loss", R"({"local_port": 80, "share": "0.1 %"})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
