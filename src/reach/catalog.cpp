// Every verb of squall-reach, one line each.
#include "reach/reach.h"

namespace squall::reach {

const Catalogue& catalogue() {
  static const Catalogue verbs = {};
  return verbs;
}

}  // namespace squall::reach
