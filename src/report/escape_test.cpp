#include "report/escape.h"

#include <gtest/gtest.h>

namespace squall::report {
namespace {

TEST(EscapeHtml, LeavesNoMarkup) {
  EXPECT_EQ(escape_html("<a href=\"x\">'&</a>"),
            "&lt;a href=&quot;x&quot;&gt;&#39;&amp;&lt;/a&gt;");
}

TEST(EscapeHtml, ReplacesWhatNoXmlDocumentMayHold) {
  EXPECT_EQ(escape_html(std::string_view("a\0b\x1b\n\x7f\xff", 7)), "a?b????");
  EXPECT_EQ(escape_html("x\xEF\xBF\xBFy\xEF\xBF\xBEz"), "x?y?z");
  EXPECT_EQ(escape_html("caf\xc3\xa9 \xEF\xBF\xBD"), "caf\xc3\xa9 \xEF\xBF\xBD");
}

TEST(EscapeHtmlLines, KeepsLinesApart) {
  EXPECT_EQ(escape_html_lines("a<\nb"), "a&lt;\nb\n");
}

TEST(EscapeMarkdown, LeavesNoFormatting) {
  EXPECT_EQ(escape_markdown("a|b *c* _d_ `e` [f](g) <h> # &amp; \\"),
            "a\\|b \\*c\\* \\_d\\_ \\`e\\` \\[f\\](g) \\<h\\> \\# \\&amp; \\\\");
  EXPECT_EQ(escape_markdown("a\nb"), "a?b");
}

TEST(QuoteForShell, QuotesOnlyWhatNeedsIt) {
  EXPECT_EQ(quote_for_shell("redis-kill.yaml"), "redis-kill.yaml");
  EXPECT_EQ(quote_for_shell("a b; rm -rf $HOME"), "'a b; rm -rf $HOME'");
  EXPECT_EQ(quote_for_shell("it's"), "'it'\\''s'");
  EXPECT_EQ(quote_for_shell(""), "''");
  EXPECT_EQ(quote_for_shell("a\nb"), "'a?b'");
}

}  // namespace
}  // namespace squall::report
