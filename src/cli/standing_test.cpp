#include "cli/standing.h"

#include <gtest/gtest.h>

namespace squall::cli {
namespace {

change::Record begin(const std::string& id, const std::string& kind, const std::string& boot) {
  json::object params;
  if (kind == "process.stop") params = {{"pid", 4711}, {"start_ticks", 99}};
  return {.type = "begin",
          .boot = boot,
          .body = {{"change", id}, {"run", "drill"}, {"kind", kind}, {"params", params}}};
}

change::Record undone(const std::string& id, const std::string& ending) {
  return {.type = "undone",
          .boot = "now",
          .body = {{"change", id}, {"ending", ending}, {"detail", ""}}};
}

TEST(ChangesInForce, AreThoseThatBeganAndWereNotUndone) {
  const auto changes =
      changes_in_force({begin("drill/0", "process.stop", "now"),
                        begin("drill/1", "process.stop", "now"), undone("drill/0", "restored")},
                       "now");
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].id, "drill/1");
  EXPECT_NE(changes[0].describe.find("4711"), std::string::npos);
  EXPECT_NE(changes[0].undo.find("SIGCONT"), std::string::npos);
}

TEST(ChangesInForce, LeaveOutWhatARebootTookAway) {
  EXPECT_TRUE(changes_in_force({begin("drill/0", "process.stop", "before")}, "now").empty());
  EXPECT_EQ(changes_in_force({begin("drill/0", "file.bytes", "before")}, "now").size(), 1U);
}

TEST(ChangesInForce, LeaveOutWhatCannotBeUndone) {
  EXPECT_TRUE(changes_in_force({begin("drill/0", "process.signal", "now")}, "now").empty());
}

TEST(ChangesInForce, KeepThoseThatThisVersionDoesNotKnow) {
  const auto changes = changes_in_force({begin("drill/0", "weather.rain", "now")}, "now");
  ASSERT_EQ(changes.size(), 1U);
  EXPECT_EQ(changes[0].undo, "run the version of squall that made it");
}

TEST(FindEnding, IsTheLastThingSaidOfAChange) {
  const std::vector<change::Record> records = {begin("drill/0", "process.stop", "now"),
                                               undone("drill/0", "gone")};
  EXPECT_EQ(find_ending(records, "drill/0"), "gone");
  EXPECT_EQ(find_ending(records, "drill/1"), std::nullopt);
  EXPECT_EQ(find_ending({records[0]}, "drill/0"), std::nullopt);
}

Standing standing() {
  return {.state = "/var/lib/squall",
          .guardian_pid = 10,
          .twin_pid = 11,
          .runs = {{"drill", 12, 1900}},
          .changes = {{"drill/0", "drill", "process.stop", "stop process 4711 (SIGSTOP)",
                       "continue process 4711 (SIGCONT)", "", 0},
                      {"drill/1", "drill", "file.bytes", "damage /a\x1b", "write it back",
                       "permission denied", 3}},
          .halted = "the checkout is down",
          .notes = {"journal: its last line was cut"}};
}

TEST(Standing, IsToldWithEveryUndo) {
  EXPECT_EQ(render_standing(standing(), {}),
            "state     /var/lib/squall\n"
            "guardian  runs (pid 10, twin 11)\n"
            "halted    yes: the checkout is down\n"
            "runs      1 run\n"
            "  drill (pid 12, its lease has 1.9 s left)\n"
            "in force  2 changes\n"
            "  1. stop process 4711 (SIGSTOP) (process.stop, drill/0)\n"
            "     to undo: continue process 4711 (SIGCONT)\n"
            "  2. damage /a? (file.bytes, drill/1)\n"
            "     to undo: write it back\n"
            "     not undone yet, tried 3 times: permission denied\n"
            "note      journal: its last line was cut\n"
            "\n"
            "free what blocks the undo; the guardian goes on trying\n");
}

TEST(Standing, DoesNotSayNothingWhereTheJournalLostRecords) {
  Standing blind{.state = "/var/lib/squall", .journal_is_whole = false};
  EXPECT_NE(render_standing(blind, {}).find("in force  cannot be told: the journal lost records"),
            std::string::npos);
  EXPECT_EQ(render_standing(blind, {}).find("nothing\n"), std::string::npos);
  EXPECT_FALSE(bool_at(to_json(blind), "journal_is_whole", true));
  blind.changes = standing().changes;
  EXPECT_NE(render_standing(blind, {}).find("in force  2 changes, perhaps more"),
            std::string::npos);
}

TEST(Standing, SaysWhatToDo) {
  Standing dead = standing();
  dead.changes.pop_back();
  EXPECT_NE(render_standing(dead, {}).find("to undo everything at once: squall halt"),
            std::string::npos);
  dead.guardian_pid = 0;
  EXPECT_NE(render_standing(dead, {}).find("to undo it: squall recover"), std::string::npos);
  dead.changes.clear();
  EXPECT_NE(render_standing(dead, {}).find("to allow runs again: squall resume"),
            std::string::npos);
}

TEST(Standing, HasTheSameInJson) {
  const json::object whole = to_json(standing());
  EXPECT_EQ(array_at(whole, "changes")->size(), 2U);
  EXPECT_EQ(text_at(whole, "halted"), "the checkout is down");
  Standing calm;
  EXPECT_TRUE(to_json(calm).at("halted").is_null());
  EXPECT_TRUE(to_json(calm).at("guardian").is_null());
}

}  // namespace
}  // namespace squall::cli
