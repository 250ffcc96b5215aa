// CHECK guards our own invariants. It stays on in release builds: aborting is safe, because
// whatever this process changed on the host is undone by another one (see docs/SAFETY.md).
#pragma once

#include <string_view>

namespace squall {

// Prints "file:line: CHECK failed: condition (explanation)" to stderr and aborts.
[[noreturn]] void check_failed(std::string_view condition, std::string_view explanation,
                               const char* file, int line);

}  // namespace squall

#define CHECK(condition, explanation)                                      \
  do {                                                                     \
    if (!(condition)) {                                                    \
      ::squall::check_failed(#condition, explanation, __FILE__, __LINE__); \
    }                                                                      \
  } while (false)
