#include "cli/table.h"

#include <gtest/gtest.h>

namespace squall::cli {
namespace {

const Table fruits{{"name", "many", "about"},
                   {{{"apple", Colour::accent}, {"3"}, {"Round, and sometimes red."}},
                    {{"pear"}, {"12"}, {"Long, and seldom red."}}}};

TEST(Table, AlignsItsColumnsAndLeavesNoBlanksAtTheEnd) {
  EXPECT_EQ(render_table(fruits, {}),
            "name   many  about\n"
            "apple  3     Round, and sometimes red.\n"
            "pear   12    Long, and seldom red.\n");
}

TEST(Table, WrapsItsLastColumnOnATerminalOnly) {
  const Style narrow{.is_terminal = true, .width = 37};
  EXPECT_EQ(render_table(fruits, narrow),
            "name   many  about\n"
            "apple  3     Round, and sometimes\n"
            "             red.\n"
            "pear   12    Long, and seldom red.\n");
}

TEST(Table, StacksItsCellsWhereTheyDoNotFitBesideEachOther) {
  const Table runs{{"run", "verdict", "took", "learnt"},
                   {{{"20261122-pause"}, {"held"}, {""}, {"It came back within 2 s."}}}};
  const Style narrow{.is_terminal = true, .width = 24};
  EXPECT_EQ(render_table(runs, narrow),
            "run  verdict  took\n"
            "    learnt\n"
            "20261122-pause  held\n"
            "    It came back within\n"
            "    2 s.\n");
  EXPECT_EQ(render_table(runs, {.is_terminal = true, .width = 20}),
            "run  verdict  took\n"
            "    learnt\n"
            "20261122-pause  held\n"
            "    It came back\n"
            "    within 2 s.\n");
  const Style wide{.width = 24};
  EXPECT_NE(render_table(runs, wide).find("It came back within 2 s."), std::string::npos);
}

TEST(Table, CountsLettersAndNotBytes) {
  const Table table{{"wort", "zahl"}, {{{"größer"}, {"1"}}, {{"ja"}, {"2"}}}};
  EXPECT_EQ(render_table(table, {}),
            "wort    zahl\n"
            "größer  1\n"
            "ja      2\n");
}

TEST(Table, PaintsCellsWithoutMovingThem) {
  const Style colours{.is_terminal = true, .has_colour = true, .width = 80};
  EXPECT_EQ(render_table({{"a", "b"}, {{{"x", Colour::good}, {"y"}}}}, colours),
            "\x1b[1ma\x1b[0m  \x1b[1mb\x1b[0m\n"
            "\x1b[32mx\x1b[0m  y\n");
}

TEST(Style, ClipsAtCharactersAndSaysThatItDid) {
  const Style letters{.is_utf8 = true};
  EXPECT_EQ(clip(letters, "größer", 6), "größer");
  EXPECT_EQ(clip(letters, "größer", 4), "grö…");
  EXPECT_EQ(clip({}, "bigger", 4), "big.");
  EXPECT_EQ(clip({}, "bigger", 0), "");
  EXPECT_EQ(fit({}, "big", 5), "big  ");
  EXPECT_EQ(fit({}, "bigger", 4), "big.");
}

TEST(Style, PaintsNothingWithoutColours) {
  EXPECT_EQ(paint({}, Colour::bad, "text"), "text");
}

}  // namespace
}  // namespace squall::cli
