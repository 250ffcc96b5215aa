// Every verb of squall-reach, one line each.
#include "reach/reach.h"

namespace squall::reach {

extern const Verb verb_service_act;
extern const Verb verb_service_show;
extern const Verb verb_traffic_flood;

const Catalogue& catalogue() {
  // One a line, so that two additions do not collide.
  // clang-format off
  static const Catalogue verbs = {
      &verb_service_act,
      &verb_service_show,
      &verb_traffic_flood,
  };
  // clang-format on
  return verbs;
}

}  // namespace squall::reach
