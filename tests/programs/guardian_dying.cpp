// A guardian that SIGKILLs itself at a chosen step, the n-th time it gets there:
// $SQUALL_DIE_AT="STEP N". Everything else is the guardian that ships.
#include <csignal>
#include <cstdio>
#include <cstdlib>

#include <unistd.h>

#include "change/change.h"
#include "guardian/command_line.h"

int main(int count, char** words) {
  int step = -1;
  int times = 1;
  if (const char* wish = std::getenv("SQUALL_DIE_AT")) std::sscanf(wish, "%d %d", &step, &times);
  ::unsetenv("SQUALL_DIE_AT");  // the successor must live
  return squall::guardian::guardian_main(count, words, squall::change::catalogue(),
                                         [step, times](squall::change::Step now) {
                                           static int seen = 0;
                                           if (static_cast<int>(now) == step && ++seen == times)
                                             ::kill(::getpid(), SIGKILL);
                                         });
}
