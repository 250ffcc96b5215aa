// squall-guardian: the process that touches the host. Started by squall, never by a person; as its
// own program so that the linker shows what it does not contain.
#include "change/change.h"
#include "guardian/command_line.h"

int main(int count, char** words) {
  return squall::guardian::guardian_main(count, words, squall::change::catalogue(), {});
}
