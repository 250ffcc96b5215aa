#include "change/change.h"

namespace squall::change {

std::string_view keeping_name(Keeping keeping) {
  switch (keeping) {
    case Keeping::held:
      return "held";
    case Keeping::journaled:
      return "journaled";
    case Keeping::irreversible:
      return "irreversible";
  }
  return "journaled";
}

std::string_view ending_name(Ending ending) {
  switch (ending) {
    case Ending::restored:
      return "restored";
    case Ending::was_absent:
      return "was_absent";
    case Ending::foreign:
      return "foreign";
    case Ending::gone:
      return "gone";
  }
  return "restored";
}

const Kind* find(const Catalogue& kinds, std::string_view name) {
  for (const Kind* kind : kinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

}  // namespace squall::change
