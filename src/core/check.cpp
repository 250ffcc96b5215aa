#include "core/check.h"

#include <cstdio>
#include <cstdlib>

namespace squall {

void check_failed(std::string_view condition, std::string_view explanation,
                  std::source_location where) {
  std::fprintf(stderr, "%s:%u: CHECK failed: %.*s (%.*s)\n", where.file_name(), where.line(),
               static_cast<int>(condition.size()), condition.data(),
               static_cast<int>(explanation.size()), explanation.data());
  std::abort();
}

}  // namespace squall
