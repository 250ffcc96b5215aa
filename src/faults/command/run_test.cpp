#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "faults/samples_test.h"

namespace squall::fault {
namespace {

using samples::mistake;
using samples::plan;
using testing::HasSubstr;

constexpr std::string_view relay =
    R"({"apply": ["relay", "off", "3"], "undo": ["relay", "on", "3"],
        "witness": ["relay", "is-off", "3"], "user": "relay", "limit": "500 ms"})";

TEST(CommandRun, HandsTheCommandsOnAsTheyAre) {
  const Strike strike = plan({"command.run", relay}, Facts{}).value();
  ASSERT_EQ(strike.changes.size(), 1U);
  const json::object& change = strike.changes[0].params;
  EXPECT_EQ(strike.changes[0].kind, "command");
  EXPECT_EQ(canonical_json(change.at("apply")), R"(["relay","off","3"])");
  EXPECT_EQ(canonical_json(change.at("undo")), R"(["relay","on","3"])");
  EXPECT_EQ(canonical_json(change.at("look")), R"(["relay","is-off","3"])");
  EXPECT_EQ(text_at(change, "user"), "relay");
  EXPECT_EQ(text_at(change, "limit"), "500 ms");
}

TEST(CommandRun, IsSeenByTheProgramThatTheUserNames) {
  const Strike strike = plan({"command.run", relay}, Facts{}).value();
  ASSERT_EQ(strike.watches.size(), 1U);
  EXPECT_EQ(strike.watches[0].witness, "command.answers");
  EXPECT_EQ(canonical_json(strike.watches[0].params.at("argv")), R"(["relay","is-off","3"])");
  EXPECT_EQ(strike.target, "what relay acts on");
}

TEST(CommandRun, RefusesCommandsThatNameNoProgram) {
  EXPECT_THAT(mistake("command.run", R"({"apply": [], "undo": ["b"], "witness": ["c"]})"),
              HasSubstr("apply: it names no program"));
  EXPECT_THAT(mistake("command.run", R"({"apply": ["a"], "undo": [""], "witness": ["c"]})"),
              HasSubstr("undo: it names no program"));
  EXPECT_THAT(mistake("command.run", R"({"apply": ["a"], "undo": ["b"], "witness": ["c\u0000"]})"),
              HasSubstr("witness: an argument holds a NUL byte"));
}

TEST(CommandRun, TakesNoMoreTimeThanTheGuardianCanSpare) {
  EXPECT_THAT(mistake("command.run",
                      R"({"apply": ["a"], "undo": ["b"], "witness": ["c"], "limit": "1 min"})"),
              HasSubstr("out of bounds"));
}

}  // namespace
}  // namespace squall::fault
