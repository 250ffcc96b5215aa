// The parts of a document, each read by a file of its own: checks.cpp, faults.cpp, order.cpp and
// stops.cpp. For this module alone.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/diagnostics.h"
#include "core/node.h"
#include "scenario/language.h"
#include "scenario/parse.h"

namespace squall::scenario {

// A copy of the mapping with the keys in `words` only.
Node only_words(const Node& mapping, const param::AnyTable& words);
// The same for a mapping that may hold `other_keys` besides, and nothing else. A key that is in
// neither list is a mistake, with the closest known one as the hint. `what` names the mapping in
// messages: "a scenario".
Node take_words(const Node& mapping, const param::AnyTable& words,
                const std::vector<std::string>& other_keys, std::string_view what,
                Diagnostics& diagnostics);

// The items of a list, which may be absent; anything but a list of mappings is a mistake.
std::vector<const Node*> items_of(const Node& document, std::string_view key, std::size_t max,
                                  Diagnostics& diagnostics);

// What a list item names a kind by, and what that is called in messages.
struct KindSearch {
  std::string_view what;                // "fault", "probe"
  std::vector<std::string> kinds;       // the catalogue
  std::vector<std::string> other_keys;  // that such an item may have beside its kind
  std::string_view example;
};
// The one entry whose key is a known kind, or nullptr after a mistake. Unknown keys are mistakes.
const Entry* find_kind(const Node& item, const KindSearch& search, Diagnostics& diagnostics);

// 1 to 64 letters, digits, and "_", "-", ".", "#", beginning with a letter or digit.
bool is_plain_name(std::string_view text);

// A fault with what its order needs to know.
struct DraftFault {
  PlannedFault fault;  // times are scaled already
  const fault::Kind* kind = nullptr;
  Mark mark;
  bool has_at = false;
  bool has_for = false;
};

std::vector<PlannedCheck> parse_checks(const Node& document, const Options& options,
                                       Diagnostics& diagnostics);
std::vector<DraftFault> parse_faults(const Node& document, const Options& options,
                                     Diagnostics& diagnostics);
std::vector<StopCondition> parse_stops(const Node& document,
                                       const std::vector<PlannedCheck>& checks,
                                       Diagnostics& diagnostics);

// How long the fault is at work. One that strikes again and again is at work until its last strike.
Duration span_of(const PlannedFault& fault, const fault::Kind& kind);

struct Arrangement {
  Order order = Order::together;
  Duration step;  // scaled; cascade only
  std::uint64_t seed = 0;
};
// Settles when each fault starts and ends. The faults keep their order in the document.
void arrange(std::vector<DraftFault>& faults, const Arrangement& arrangement,
             Diagnostics& diagnostics);

}  // namespace squall::scenario
