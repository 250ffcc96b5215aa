// Lines for a log that follow from a few parameters: the same line for the same number, whoever
// asks and when. So what was written can be told from what others wrote, without a record of it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/choices.h"
#include "core/units.h"

namespace squall::change {

struct LogLines {
  std::vector<std::string> templates;  // taken in turn; {n} and {random} are filled in
  std::string tag;                     // ends every line, so that it can be found again
  Bytes size;                          // of every line with its line feed; 0 B = as it comes
  std::int64_t seed = 0;

  // With its line feed. {n} is the number from 0, {random} sixteen hexadecimal digits. A line that
  // is too short is filled up with letters before its tag, one that is too long is cut there.
  std::string line(std::int64_t number) const;
};

// Where such lines stand in what was appended to a log.
struct OwnTail {
  std::size_t begin = 0;  // of the first of them
  bool is_last = false;   // from there to the end there is nothing else; the last
                          // may be cut off
  std::int64_t tags = 0;  // how many lines bear the tag, wherever they stand
};
OwnTail find_own_tail(const LogLines& lines, std::int64_t count, std::string_view appended);

}  // namespace squall::change
