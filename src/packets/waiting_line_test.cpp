#include "packets/waiting_line.h"

#include <string>

#include <gtest/gtest.h>

namespace squall::packets {
namespace {

// What goes on at this time, in its order.
std::string taken(WaitingLine<char>& line, Duration now) {
  std::string all;
  while (const auto one = line.take(now)) all += one->first;
  return all;
}

TEST(WaitingLine, LetsGoByTimeAndThenByArrival) {
  WaitingLine<char> line;
  line.add('c', milliseconds(3));
  line.add('a', milliseconds(1));
  line.add('d', milliseconds(3));
  line.add('b', milliseconds(2));
  EXPECT_EQ(taken(line, milliseconds(0)), "");
  EXPECT_EQ(line.next_due(), milliseconds(1));
  EXPECT_EQ(taken(line, milliseconds(2)), "ab");
  EXPECT_EQ(taken(line, milliseconds(9)), "cd");
  EXPECT_EQ(line.next_due(), std::nullopt);
  EXPECT_EQ(line.size(), 0U);
}

TEST(WaitingLine, SaysWhenEachWasDue) {
  WaitingLine<char> line;
  line.add('a', milliseconds(1));
  EXPECT_EQ(line.take(milliseconds(5))->second, milliseconds(1));
}

TEST(WaitingLine, HoldsBackUntilSoManyOthersHaveGone) {
  WaitingLine<char> line;
  line.add_behind('x', seconds(1), 2);
  line.add('a', milliseconds(1));
  line.add('b', milliseconds(1));
  line.add('c', milliseconds(1));
  EXPECT_EQ(taken(line, milliseconds(1)), "abxc");
}

TEST(WaitingLine, CountsThoseThatPassWithoutWaiting) {
  WaitingLine<char> line;
  line.add_behind('x', seconds(1), 2);
  line.pass();
  EXPECT_EQ(taken(line, milliseconds(1)), "");
  line.pass();
  EXPECT_EQ(line.next_due(), Duration{});
  EXPECT_EQ(taken(line, milliseconds(1)), "x");
}

TEST(WaitingLine, LetsGoWhatIsHeldBackWhenNobodyComes) {
  WaitingLine<char> line;
  line.add_behind('x', milliseconds(50), 2);
  EXPECT_EQ(line.next_due(), milliseconds(50));
  EXPECT_EQ(taken(line, milliseconds(49)), "");
  EXPECT_EQ(taken(line, milliseconds(50)), "x");
}

}  // namespace
}  // namespace squall::packets
