#include "sys/standard_descriptors.h"

#include <initializer_list>

#include <fcntl.h>
#include <unistd.h>

namespace squall::sys {

bool fill_standard_descriptors() {
  for (const int number : {STDIN_FILENO, STDOUT_FILENO, STDERR_FILENO}) {
    if (::fcntl(number, F_GETFD) >= 0) continue;
    // The lowest free number is given, and those below are taken by now.
    if (::open("/dev/null", O_RDWR) != number) return false;
  }
  return true;
}

}  // namespace squall::sys
