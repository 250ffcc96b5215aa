#include "probes/pattern.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "sys/clock.h"

namespace squall::probe {
namespace {

using Found = Pattern::Found;
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
    const Duration start = sys::thread_cpu_time();
    EXPECT_EQ(search(expression, letters), Found::too_costly) << expression;
    EXPECT_LT(sys::thread_cpu_time() - start, seconds(40)) << expression;
  }
}

TEST(Pattern, ReadsLongTextsThatNeedLittleWork) {
  const std::string letters(256 << 10, 'a');
  EXPECT_EQ(search("aab$", letters.substr(1) + "b"), Found::yes);
  EXPECT_EQ(search("^a+$", letters), Found::yes);
  EXPECT_EQ(search("x", letters), Found::no);
  EXPECT_EQ(search("x", letters + "x"), Found::too_costly) << "more than 256 KiB";
}

}  // namespace
}  // namespace squall::probe
