// Every verb of squall-reach, one line each.
#include "reach/reach.h"

namespace squall::reach {

extern const Verb verb_service_act;
extern const Verb verb_service_show;

const Catalogue& catalogue() {
  static const Catalogue verbs = {
      &verb_service_act,
      &verb_service_show,
  };
  return verbs;
}

}  // namespace squall::reach
