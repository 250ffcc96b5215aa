// squall-reach: does one thing through somebody else's interface. Started by the guardian, never by
// a person; as its own program so that the guardian holds no client of anybody.
#include "reach/reach.h"

#include "sys/standard_descriptors.h"

int main(int count, char** words) {
  if (!squall::sys::fill_standard_descriptors()) return 1;
  return squall::reach::reach_main(count, words, squall::reach::catalogue());
}
