#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace squall {

void check_failed(std::string_view condition, std::string_view explanation, const char* file,
                  int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %.*s (%.*s)\n", file, line,
               static_cast<int>(condition.size()), condition.data(),
               static_cast<int>(explanation.size()), explanation.data());
  std::abort();
}

}  // namespace squall
