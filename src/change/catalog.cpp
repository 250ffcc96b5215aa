// Every change kind that ships, one line each: with this folder, all the ways in which squall
// touches a host.
#include "change/change.h"

namespace squall::change {

extern const Kind kind_file_bytes;
extern const Kind kind_process_stop;

const Catalogue& catalogue() {
  static const Catalogue kinds = {
      &kind_file_bytes,
      &kind_process_stop,
  };
  return kinds;
}

}  // namespace squall::change
