#include "change/log_lines.h"

#include <set>

#include <gtest/gtest.h>

namespace squall::change {
namespace {

TEST(LogLines, FollowFromTheirNumberAlone) {
  const LogLines lines{{"line {n} of {random}", "{n}: {n}"}, "[tag]", {}, 7};
  EXPECT_EQ(lines.line(1), "1: 1 [tag]\n");
  EXPECT_EQ(lines.line(3), "3: 3 [tag]\n");
  EXPECT_EQ(lines.line(2), lines.line(2));
  EXPECT_EQ(lines.line(2).substr(0, 10), "line 2 of ");
  EXPECT_EQ(lines.line(2).size(), std::string("line 2 of 0123456789abcdef [tag]\n").size());
  EXPECT_NE(lines.line(2).substr(10), lines.line(4).substr(10));
  const LogLines other{lines.templates, lines.tag, {}, 8};
  EXPECT_NE(other.line(2), lines.line(2));
}

TEST(LogLines, HaveExactlyTheSizeAskedFor) {
  for (const std::uint64_t size : {20U, 40U, 1000U}) {
    const LogLines lines{{"a text of some length, {n}"}, "[tag]", Bytes{size}, 1};
    std::set<std::string> seen;
    for (int i = 0; i < 50; ++i) {
      const std::string line = lines.line(i);
      EXPECT_EQ(line.size(), size);
      EXPECT_TRUE(line.ends_with(" [tag]\n"));
      EXPECT_EQ(line.find('\n'), line.size() - 1);
      seen.insert(line);
    }
    EXPECT_TRUE(size < 1000 || seen.size() == 50U);
  }
}

const LogLines lines{{"event {n} {random}"}, "[squall 1a2b]", {}, 3};

std::string first_lines(int count) {
  std::string text;
  for (int i = 0; i < count; ++i) text += lines.line(i);
  return text;
}

TEST(OwnTail, IsFoundWhereverItBegins) {
  for (const std::string& before : {std::string(), std::string("theirs\n")}) {
    for (const int written : {1, 3, 5}) {
      const OwnTail tail = find_own_tail(lines, 5, before + first_lines(written));
      EXPECT_TRUE(tail.is_last);
      EXPECT_EQ(tail.begin, before.size());
      EXPECT_EQ(tail.tags, written);
    }
  }
}

TEST(OwnTail, MayBeCutOffAnywhere) {
  const std::string whole = first_lines(3);
  for (std::size_t size = 1; size <= whole.size(); ++size) {
    EXPECT_TRUE(find_own_tail(lines, 3, whole.substr(0, size)).is_last) << size;
    const OwnTail tail = find_own_tail(lines, 3, "theirs\n" + whole.substr(0, size));
    EXPECT_EQ(tail.is_last, size >= 8) << "a few letters may be anybody's";
    EXPECT_TRUE(!tail.is_last || tail.begin == 7U) << size;
  }
}

TEST(OwnTail, IsNotTheLastWhenAnybodyElseWrote) {
  const std::string ours = first_lines(3);
  for (const std::string& text :
       {ours + "theirs\n", ours + "x", lines.line(0) + "theirs\n" + lines.line(1),
        ours + lines.line(3), "theirs " + lines.line(1)}) {
    EXPECT_FALSE(find_own_tail(lines, 3, text).is_last) << text;
  }
  EXPECT_EQ(find_own_tail(lines, 3, lines.line(0) + "theirs\n" + lines.line(1)).tags, 2);
}

TEST(OwnTail, IsNotFoundWhereThereIsNone) {
  for (const std::string_view text : {"", "theirs\n", "another event\n"}) {
    const OwnTail tail = find_own_tail(lines, 3, text);
    EXPECT_FALSE(tail.is_last) << text;
    EXPECT_EQ(tail.tags, 0);
  }
}

}  // namespace
}  // namespace squall::change
