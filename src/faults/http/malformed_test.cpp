#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using ::testing::HasSubstr;

TEST(HttpMalformed, SendsNothingButMalformedRequests) {
  const Strike strike =
      plan({"http.malformed", R"({"url": "http://127.0.0.1:8080/orders", "rounds": 3,
                                  "families": ["json", "order"], "too_early": ["POST /ship"],
                                  "body": "{\"a\": 1}"})"},
           {})
          .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  EXPECT_EQ(strike.changes[0].kind, "traffic.flood");
  const json::object& params = strike.changes[0].params;
  EXPECT_EQ(text_at(params, "invalid"), "100 %");
  EXPECT_EQ(integer_at(params, "rounds"), 3);
  EXPECT_GE(integer_at(params, "count"), 300);
  const json::object& say = params.at("say").as_object();
  EXPECT_EQ(text_at(say, "body"), "{\"a\": 1}");
  EXPECT_EQ(canonical_json(say.at("families")), R"(["json","order"])");
  EXPECT_EQ(canonical_json(say.at("too_early")), R"(["POST /ship"])");
  EXPECT_EQ(strike.watches.at(0).witness, "network.flooded");
  EXPECT_EQ(text_at(strike.watches.at(0).params, "rate"), "50 /s");
}

TEST(HttpMalformed, MustBeAcceptedInWriting) {
  EXPECT_NE(find(catalogue(), "http.malformed")->irreversible, "");
  EXPECT_EQ(find(catalogue(), "http.flood")->irreversible, "") << "only GET is sent";
}

TEST(HttpMalformed, RefusesABodyThatIsMalformedAlready) {
  for (const std::string_view body : {R"("[1]")", R"("{")", R"("x")"}) {
    EXPECT_THAT(
        mistake("http.malformed", fmt::format(R"({{"url": "http://a/", "body": {}}})", body)),
        HasSubstr("no JSON object"))
        << body;
  }
  EXPECT_THAT(mistake("http.malformed", R"({"url": "ftp://a/"})"), HasSubstr("ftp"));
}

}  // namespace
}  // namespace squall::fault
