#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

Facts with_log() {
  Facts facts;
  facts.files["/log"] = {.exists = true, .size = 1};
  return facts;
}

TEST(FileAppend, WritesTaggedLinesAndWatchesForTheTag) {
  const Strike strike = plan({"file.append", R"({"path": "/log", "count": 7, "rate": "20 /s",
                                                 "size": "200 B", "lines": ["a {n}", "b"]})"},
                             with_log())
                            .value();
  ASSERT_EQ(strike.changes.size(), 1U);
  const json::object& params = strike.changes[0].params;
  EXPECT_EQ(strike.changes[0].kind, "file.tail");
  EXPECT_EQ(canonical_json(params.at("lines")), R"(["a {n}","b"])");
  EXPECT_EQ(integer_at(params, "count"), 7);
  EXPECT_EQ(text_at(params, "rate"), "20 /s");
  EXPECT_EQ(text_at(params, "size"), "200 B");
  EXPECT_FALSE(bool_at(params, "keep", true));
  EXPECT_THAT(text_at(params, "tag"), testing::MatchesRegex("\\[squall [0-9a-f]{8}\\]"));
  EXPECT_EQ(strike.watches.at(0).witness, "file.lines");
  EXPECT_EQ(text_at(strike.watches[0].params, "text"), text_at(params, "tag"));
  EXPECT_FALSE(strike.watches[0].params.contains("until"));
}

TEST(FileAppend, TagsByTheSeedAndTheStrike) {
  const auto tag = [](std::uint64_t seed, std::uint64_t ordinal) {
    const Strike strike =
        plan({"file.append", R"({"path": "/log"})", seed, ordinal}, with_log()).value();
    return text_at(strike.changes.at(0).params, "tag");
  };
  EXPECT_EQ(tag(1, 0), tag(1, 0));
  EXPECT_NE(tag(1, 0), tag(2, 0));
  EXPECT_NE(tag(1, 0), tag(1, 1));
}

// Lines that stay have no end to be seen but that no more of them come.
TEST(FileAppend, WaitsForQuietWhereTheLinesStay) {
  const auto quiet = [](std::string_view rate) {
    const std::string params =
        R"({"path": "/log", "keep": true, "rate": ")" + std::string(rate) + R"("})";
    const Strike strike = plan({"file.append", params}, with_log()).value();
    EXPECT_TRUE(bool_at(strike.changes.at(0).params, "keep"));
    EXPECT_EQ(text_at(strike.watches.at(0).params, "until"), "quiet");
    return text_at(strike.watches[0].params, "quiet");
  };
  EXPECT_EQ(quiet("500 /s"), "300 ms");
  EXPECT_EQ(quiet("1 /s"), "4 s");
}

TEST(FileAppend, RefusesWhatCannotBe) {
  EXPECT_EQ(plan({"file.append", R"({"path": "/none"})"}, with_log()).error().code,
            Code::not_found);
  EXPECT_THAT(mistake("file.append", R"({"path": "log"})"), HasSubstr("full path"));
  EXPECT_THAT(mistake("file.append", R"({"path": "/log", "lines": []})"), HasSubstr("none"));
  EXPECT_THAT(mistake("file.append", R"({"path": "/log", "lines": ["a\nb"]})"),
              HasSubstr("line feed"));
  EXPECT_THAT(mistake("file.append", R"({"path": "/log", "count": 0})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
