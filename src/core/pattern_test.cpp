#include "core/pattern.h"

#include <ctime>

#include <fmt/core.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace squall {
namespace {

using Found = Pattern::Found;
using Replacement = Pattern::Replacement;
using ::testing::HasSubstr;

Found search(std::string_view expression, std::string_view subject) {
  const Result<Pattern> pattern = Pattern::compile(expression);
  EXPECT_TRUE(pattern.ok()) << expression;
  return pattern->search(subject);
}

TEST(Pattern, IsSearchedAnywhere) {
  EXPECT_EQ(search("ok|ready", "it is ready now"), Found::yes);
  EXPECT_EQ(search("ok|ready", "it is not"), Found::no);
  EXPECT_EQ(search("", ""), Found::yes);
  EXPECT_EQ(search("(?i)READY", "it is ready now"), Found::yes);
  EXPECT_EQ(search("^\\d{3}$", "204"), Found::yes);
}

TEST(Pattern, KeepsLinesApartAndAnchorsToTheWholeText) {
  EXPECT_EQ(search("a.b", "a\nb"), Found::no);
  EXPECT_EQ(search("^b", "a\nb"), Found::no);
  EXPECT_EQ(search("a$", "a\nb"), Found::no);
  EXPECT_EQ(search("a[\\s\\S]b", "a\nb"), Found::yes);
}

TEST(Pattern, NamesThePlaceOfAMistake) {
  const auto message = [](std::string_view text) {
    const Result<Pattern> pattern = Pattern::compile(text);
    return pattern.ok() ? "no mistake" : pattern.error().message;
  };
  EXPECT_THAT(message("a(b"), HasSubstr("is broken at byte 4"));
  EXPECT_THAT(message("*a"), HasSubstr("is broken at byte 1"));
  EXPECT_THAT(message("a[b"), HasSubstr("is broken at byte"));
  EXPECT_THAT(message("a{2,1}"), HasSubstr("is broken at byte"));
  EXPECT_THAT(message(std::string(2000, 'a')), HasSubstr("too long"));
  EXPECT_NE(message(std::string(1000, '(')), "no mistake");
}

// Each of these takes an engine without a bound from minutes to ages, or its stack.
TEST(Pattern, GivesUpInsteadOfRunningAway) {
  const std::string letters(256 << 10, 'a');
  for (const char* expression : {"(a+)+b", "(a|aa)+$b", "(a*)*(a*)*(a*)*b", "(.*)(.*)(.*)(.*)x",
                                 "(a|b|ab)*c", "(a{0,300}){0,300}c", "(.)*\\1z"}) {
    // Our own CPU time: how busy the host is does not matter, and a sanitizer costs a known factor.
    const std::clock_t start = std::clock();
    EXPECT_EQ(search(expression, letters), Found::too_costly) << expression;
    EXPECT_LT((std::clock() - start) / CLOCKS_PER_SEC, 40) << expression;
  }
}

TEST(Pattern, ReadsLongTextsThatNeedLittleWork) {
  const std::string letters(256 << 10, 'a');
  EXPECT_EQ(search("aab$", letters.substr(1) + "b"), Found::yes);
  EXPECT_EQ(search("^a+$", letters), Found::yes);
  EXPECT_EQ(search("x", letters), Found::no);
  EXPECT_EQ(search("x", letters + "x"), Found::too_costly) << "more than 256 KiB";
}

std::string replaced(std::string_view expression, std::string_view subject, Replacement by) {
  const Result<Pattern::Replaced> result = Pattern::compile(expression)->replace(subject, by);
  return result.ok() ? fmt::format("{} x {}", result->count, result->text) : result.error().message;
}

TEST(PatternReplace, PutsGroupsInPlaceAndCounts) {
  EXPECT_EQ(replaced("port *= *(\\d+)", "port = 80\nport=81\n", {"port = 9$1"}),
            "2 x port = 980\nport = 981\n");
  EXPECT_EQ(replaced("a", "banana", {"o", 2}), "2 x bonona");
  EXPECT_EQ(replaced("x", "banana", {"o"}), "0 x banana");
  EXPECT_EQ(replaced("a", "banana", {"$$"}), "3 x b$n$n$");
}

TEST(PatternReplace, AnchorsToLines) {
  EXPECT_EQ(replaced("^#?listen .*$", "a\n#listen 1\nb listen 2\n", {"listen 0"}),
            "1 x a\nlisten 0\nb listen 2\n");
  EXPECT_EQ(replaced("^", "a\nb", {"> "}), "2 x > a\n> b");
}

TEST(PatternReplace, GivesUpInsteadOfRunningAway) {
  const std::string letters(256 << 10, 'a');
  EXPECT_THAT(replaced("(a+)+b", letters, {"x"}), HasSubstr("too much work"));
  EXPECT_THAT(replaced("x", std::string((1 << 20) + 1, 'a'), {"y"}), HasSubstr("1 MiB"));
  EXPECT_THAT(replaced("a", letters, {std::string(100, 'b')}), HasSubstr("too large"));
}

}  // namespace
}  // namespace squall
