// What the faults that write into a log share: the change, the witness, the tag and the text of
// their pages.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "faults/fault.h"

namespace squall::fault {

struct AppendedLines {
  std::string path;
  std::vector<std::string> lines;
  std::int64_t count = 1;
  Rate rate;
  Bytes size;
  bool keep = false;
};

Result<Strike> append_lines(const AppendedLines& wanted, const Facts& facts, const Choices& choices,
                            std::uint64_t ordinal);

inline constexpr std::string_view appended_undo =
    "The lines are cut off again: the file ends where it ended before. That is done only where "
    "they stand at the end of the file, all of one piece, as they were made. If anybody else wrote "
    "in between or behind, the file is left as it is and the report tells how many lines are left "
    "and by which tag they are found. With `keep` they stay, and only the writing ends. If squall "
    "dies or the host reboots, the guardian or the next start of squall cuts them off.";

inline constexpr std::string_view appended_limits =
    "What was read is not undone: shippers have sent the lines on, alerts have fired. In a log "
    "that its programs go on writing to, the lines can hardly ever be taken back; say `keep` and "
    "accept it. Between the look whether the lines are the last and the cut lie some microseconds "
    "in which a line that a program appends just then is cut off with them; a program that writes "
    "without O_APPEND goes on at its own place and leaves zeros there. Under 64 MiB can be "
    "written. A log that is rotated meanwhile is left to its rotation.";

}  // namespace squall::fault
