#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

TEST(HttpFlood, AsksForOneFloodAndWatchesItsPort) {
  const Strike strike =
      plan({"http.flood", R"({"url": "http://shop.example:8080/a?b=c", "rate": "500 /s",
                              "concurrency": 32, "count": 2000, "invalid": "10 %",
                              "token": "${env:SHOP_TOKEN}", "namespace": "/run/netns/blue"})"},
           {})
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "traffic.flood");
  const json::object& params = strike.changes[0].params;
  EXPECT_EQ(text_at(params, "protocol"), "http");
  EXPECT_EQ(text_at(params, "host"), "shop.example");
  EXPECT_EQ(integer_at(params, "port"), 8080);
  EXPECT_EQ(text_at(params, "rate"), "500 /s");
  EXPECT_EQ(integer_at(params, "connections"), 32);
  EXPECT_EQ(integer_at(params, "count"), 2000);
  EXPECT_EQ(text_at(params, "invalid"), "10 %");
  EXPECT_EQ(text_at(params.at("say").as_object(), "target"), "/a?b=c");
  EXPECT_EQ(text_at(params.at("say").as_object(), "method"), "GET");
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "network.flooded");
  EXPECT_EQ(integer_at(strike.watches[0].params, "port"), 8080);
  EXPECT_EQ(text_at(strike.watches[0].params, "namespace"), "/run/netns/blue");
  EXPECT_EQ(text_at(strike.watches[0].params, "rate"), "500 /s");
  EXPECT_EQ(strike.target, "shop.example:8080");
}

// Changes stand in the journal.
TEST(HttpFlood, PassesOnWhereTheTokenIsAndNeverTheTokenItself) {
  constexpr std::string_view url = R"({"url": "http://a/", "token": )";
  const Strike strike =
      plan({"http.flood", std::string(url) + R"("${file:/run/token}"})"}, {}).value();
  EXPECT_EQ(text_at(strike.changes[0].params.at("say").as_object(), "token"), "${file:/run/token}");
  const std::string refused = mistake("http.flood", std::string(url) + R"("hunter2"})");
  EXPECT_THAT(refused, HasSubstr("a secret may not stand in a document"));
  EXPECT_EQ(refused.find("hunter2"), std::string::npos);
}

TEST(HttpFlood, ChoosesTheMalformedOnesByTheSeed) {
  constexpr std::string_view params = R"({"url": "http://a/", "invalid": "50 %"})";
  const auto seed_of = [&](std::uint64_t seed, std::uint64_t ordinal) {
    const Strike strike = plan({"http.flood", params, seed, ordinal}, {}).value();
    return integer_at(strike.changes[0].params, "seed", -1);
  };
  EXPECT_EQ(seed_of(1, 0), seed_of(1, 0));
  EXPECT_NE(seed_of(1, 0), seed_of(2, 0));
  EXPECT_NE(seed_of(1, 0), seed_of(1, 1));
  EXPECT_GE(seed_of(1, 0), 0);
}

TEST(HttpFlood, RefusesWhatCannotBeSent) {
  EXPECT_THAT(mistake("http.flood", R"({})"), HasSubstr("\"url\" is missing"));
  EXPECT_THAT(mistake("http.flood", R"({"url": "https://a/"})"), HasSubstr("https"));
  EXPECT_THAT(mistake("http.flood", R"({"url": "http://a/", "rate": "5 /s"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("http.flood", R"({"url": "http://a/", "rate": "9000000 /s"})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("http.flood", R"({"url": "http://a/", "concurrency": 0})"),
              HasSubstr("out of bounds"));
  EXPECT_THAT(mistake("http.flood", R"({"url": "http://a/", "invalid": "101 %"})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
