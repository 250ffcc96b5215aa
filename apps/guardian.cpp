// squall-guardian: the process that touches the host. Started by squall, never by a person; as its
// own program so that the linker shows what it does not contain.
#include "change/change.h"
#include "guardian/command_line.h"
#include "sys/standard_descriptors.h"

int main(int count, char** words) {
  if (!squall::sys::fill_standard_descriptors()) return 1;
  return squall::guardian::guardian_main(count, words, squall::change::catalogue(), {});
}
