#include "core/text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace squall {
namespace {

using Texts = std::vector<std::string>;

TEST(Trim, TakesBlanksFromBothEndsOnly) {
  EXPECT_EQ(trim(" \t a b \r\n"), "a b");
  EXPECT_EQ(trim(" \n"), "");
  EXPECT_EQ(trim(""), "");
}

TEST(Split, KeepsEmptyParts) {
  EXPECT_EQ(split("a,,b", ','), (Texts{"a", "", "b"}));
  EXPECT_EQ(split("", ','), (Texts{""}));
  EXPECT_EQ(split(",", ','), (Texts{"", ""}));
}

RC_GTEST_PROP(Split, IsUndoneByJoin, (const std::string& text)) {
  RC_ASSERT(join(split(text, 'a'), "a") == text);
}

TEST(Utf8, TakesEveryLengthOfSequence) {
  EXPECT_TRUE(is_valid_utf8("a\xC3\xA9\xE2\x82\xAC\xF0\x9F\x92\xA5"));
  EXPECT_TRUE(is_valid_utf8("\xED\x9F\xBF\xEE\x80\x80\xF4\x8F\xBF\xBF"));
  EXPECT_TRUE(is_valid_utf8(""));
}

TEST(Utf8, RefusesOverlongSurrogateCutAndTooLarge) {
  for (const char* text : {"\xC0\x80", "\xC1\xBF", "\xE0\x9F\xBF", "\xF0\x8F\xBF\xBF",  // overlong
                           "\xED\xA0\x80", "\xED\xBF\xBF",                  // surrogates
                           "\xF4\x90\x80\x80", "\xF5\x80\x80\x80", "\xFF",  // too large
                           "\xC3", "\xE2\x82", "\xF0\x9F\x92", "\x80", "\xC3("}) {
    EXPECT_FALSE(is_valid_utf8(text)) << printable(text);
  }
}

TEST(Printable, HidesControlsAndLiesAboutDirection) {
  EXPECT_EQ(printable("a\x1b[31mb\n\x7f"), "a?[31mb??");
  EXPECT_EQ(printable("\xC2\x9B"
                      "31m"),
            "?31m")
      << "C1 control sequence introducer";
  EXPECT_EQ(printable("caf\xC3\xA9 \xE2\x82\xAC"), "caf\xC3\xA9 \xE2\x82\xAC");
  EXPECT_EQ(printable("a\xE2\x80\xAE"
                      "b\xE2\x81\xA6\xE2\x80\x8B\xEF\xBB\xBF"),
            "a?b???");
  EXPECT_EQ(printable("\xFFz"), "?z");
}

RC_GTEST_PROP(Printable, IsAlwaysValidAndWithoutControls, (const std::string& text)) {
  const std::string shown = printable(text);
  RC_ASSERT(is_valid_utf8(shown));
  RC_ASSERT(printable(shown) == shown);
}

TEST(Quote, CutsLongTextBetweenCharacters) {
  EXPECT_EQ(quote("a\tb"), "\"a?b\"");
  EXPECT_EQ(quote(std::string(60, 'x')), '"' + std::string(60, 'x') + '"');
  EXPECT_EQ(quote(std::string(61, 'x')), '"' + std::string(60, 'x') + "...\"");
  const std::string cut_inside = std::string(59, 'x') + "\xC3\xA9z";
  EXPECT_EQ(quote(cut_inside), '"' + std::string(59, 'x') + "...\"");
}

TEST(Wrap, BreaksAtBlanksAndCountsCharacters) {
  EXPECT_EQ(wrap("one two three", 7), (Texts{"one two", "three"}));
  EXPECT_EQ(wrap("a\nb", 7), (Texts{"a", "b"}));
  EXPECT_EQ(wrap("incomprehensible word", 4), (Texts{"incomprehensible", "word"}));
  EXPECT_EQ(wrap("\xC3\xA9\xC3\xA9 \xC3\xA9\xC3\xA9", 5),
            Texts{"\xC3\xA9\xC3\xA9 \xC3\xA9\xC3\xA9"});
  EXPECT_EQ(wrap("", 5), Texts{""});
}

TEST(Closest, FindsOneTypingMistake) {
  const Texts names = {"tcp", "http", "process", "file", "command"};
  EXPECT_EQ(closest("htpp", names), "http");
  EXPECT_EQ(closest("tpc", names), "tcp") << "two neighbours swapped count once";
  EXPECT_EQ(closest("proces", names), "process");
  EXPECT_EQ(closest("comand", names), "command");
}

TEST(Closest, GivesNothingForAnotherWord) {
  const Texts names = {"tcp", "http"};
  EXPECT_EQ(closest("banana", names), std::nullopt);
  EXPECT_EQ(closest("", names), std::nullopt);
  EXPECT_EQ(closest("c", Texts{"b"}), std::nullopt) << "one replaced letter is a whole other word";
  EXPECT_EQ(closest(std::string(100'000, 'h'), names), std::nullopt);
  EXPECT_EQ(closest("tcp", {}), std::nullopt);
}

TEST(ListWords, ReadsLikeASentence) {
  EXPECT_EQ(list_words(Texts{"a", "b", "c"}, "or"), "a, b or c");
  EXPECT_EQ(list_words(Texts{"a"}, "or"), "a");
  EXPECT_EQ(list_words(Texts{}, "or"), "");
}

TEST(Glob, MatchesTheWholeText) {
  EXPECT_TRUE(glob_matches("redis-*", "redis-server"));
  EXPECT_TRUE(glob_matches("*", ""));
  EXPECT_TRUE(glob_matches("a*b*c", "aXXbYYbZc"));
  EXPECT_TRUE(glob_matches("?", "x"));
  EXPECT_FALSE(glob_matches("redis", "redis-server"));
  EXPECT_FALSE(glob_matches("?", ""));
  EXPECT_FALSE(glob_matches("", "x"));
}

TEST(Glob, IsNotExponential) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(glob_matches(pattern + "b", std::string(5'000, 'a')));
}

TEST(Hex, IsLowerCase) {
  const unsigned char bytes[] = {0x00, 0xAB, 0xFF};
  EXPECT_EQ(to_hex(bytes), "00abff");
}

TEST(Base64, MatchesRfc4648) {
  EXPECT_EQ(to_base64(""), "");
  EXPECT_EQ(to_base64("f"), "Zg==");
  EXPECT_EQ(to_base64("fo"), "Zm8=");
  EXPECT_EQ(to_base64("foobar"), "Zm9vYmFy");
  for (const char* bad : {"Z", "Zg=", "Zg=g", "Z===", "====", "Zg==Zg==", "Zm9v!A==", "Zm9v\n"}) {
    EXPECT_EQ(from_base64(bad), std::nullopt) << bad;
  }
}

RC_GTEST_PROP(Base64, IsReadBack, (const std::string& bytes)) {
  const auto back = from_base64(to_base64(bytes));
  RC_ASSERT(back.has_value());
  RC_ASSERT(*back == bytes);
}

}  // namespace
}  // namespace squall
