// The descriptors 0, 1 and 2 of a program.
#pragma once

namespace squall::sys {

// A program may be started with some of them closed. The next file that it opens would get such a
// number, and what is meant for the output would be written into that file. Opens /dev/null in
// their place; to be called before anything else is opened. False when that is not possible.
bool fill_standard_descriptors();

}  // namespace squall::sys
