#include "core/diagnostics.h"

#include <gtest/gtest.h>

namespace squall {
namespace {

TEST(Diagnostics, AreRenderedInDocumentOrderWithPlaceAndHint) {
  Diagnostics diagnostics("a.yaml");
  diagnostics.add({4, 1}, "second");
  diagnostics.add({2, 9}, "first", "try this");
  diagnostics.add({}, "the whole");
  EXPECT_EQ(diagnostics.render(),
            "a.yaml: the whole\n"
            "a.yaml:2:9: first\n"
            "  hint: try this\n"
            "a.yaml:4:1: second\n");
}

TEST(Diagnostics, OfOnePlaceStayInTheOrderOfTheirFinding) {
  Diagnostics diagnostics("a.yaml");
  diagnostics.add({1, 1}, "x");
  diagnostics.add({1, 1}, "a");
  EXPECT_EQ(diagnostics.sorted()[0].message, "x");
}

TEST(Diagnostics, OfMergedDocumentsStayTogether) {
  Diagnostics main("z.yaml");
  main.add({5, 1}, "main");
  Diagnostics other("targets.yaml");
  other.add({1, 1}, "other 1");
  other.add({9, 1}, "other 9");
  main.merge(other);
  EXPECT_EQ(main.size(), 3U);
  EXPECT_EQ(main.render(),
            "z.yaml:5:1: main\n"
            "targets.yaml:1:1: other 1\n"
            "targets.yaml:9:1: other 9\n");
}

TEST(Diagnostics, NeverTouchTheTerminal) {
  Diagnostics diagnostics("a.yaml");
  diagnostics.add({1, 1}, "key \x1b[2J", "did you mean \r\n?");
  EXPECT_EQ(diagnostics.render(), "a.yaml:1:1: key ?[2J\n  hint: did you mean ???\n");
}

TEST(Diagnostics, AreEmptyAtFirst) {
  EXPECT_TRUE(Diagnostics("a").empty());
  EXPECT_EQ(Diagnostics("a").render(), "");
}

}  // namespace
}  // namespace squall
