// A guardian whose injectors do nothing and say that all went well: the planted bug that every
// witness must catch. Everything else, the journal and the leases included, is the guardian that
// ships.
#include <vector>

#include "change/change.h"
#include "guardian/command_line.h"

namespace {

using namespace squall;

class HoldsNothing : public change::Held {};

change::Kind pretend(const change::Kind& real) {
  change::Kind kind = real;
  if (kind.apply) {
    kind.apply = [](const json::object&, const json::object&) { return Result(json::object{}); };
  }
  if (kind.hold) {
    kind.hold = [](const json::object&, const json::object&) {
      return Result<std::unique_ptr<change::Held>>(std::make_unique<HoldsNothing>());
    };
  }
  if (kind.verify) {
    kind.verify = [](const json::object&, const json::object&) {
      return Result(change::Presence::absent);
    };
  }
  if (kind.revert) {
    kind.revert = [](const json::object&, const json::object&) {
      return Result(change::Reverted{change::Ending::restored, ""});
    };
  }
  return kind;
}

}  // namespace

int main(int count, char** words) {
  static std::vector<change::Kind> kinds;
  for (const change::Kind* real : change::catalogue()) kinds.push_back(pretend(*real));
  static change::Catalogue catalogue;
  for (const change::Kind& kind : kinds) catalogue.push_back(&kind);
  return guardian::guardian_main(count, words, catalogue, {});
}
