// Messages that their reader should not trip over, made from a good one: each is wrong in one way.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace squall {

struct PoisonMessage {
  std::string name;    // "json_cut_off"
  std::string family;  // one of poison_families()
  std::string bytes;
};

// "json", "types", "encoding", "oversize", "script", "sql_injection"
const std::vector<std::string>& poison_families();

// At least one; of these families, or of all when none is named. When `good` is a JSON object, each
// of its members is there with a wrong type, and not at all. Errors: Code::invalid for a family
// that is none.
Result<std::vector<PoisonMessage>> poison_messages(std::string_view good,
                                                   const std::vector<std::string>& families = {});

// So many messages, the forms taken in turn.
struct PoisonOrder {
  std::string good;
  std::vector<std::string> families;
  std::int64_t messages = 10;  // 1 to 1000
};
struct PoisonPortion {
  std::string bytes;
  std::int64_t count = 1;
};
// Each value once with how often it comes, in the order in which they first come; the k-th round
// through the order holds those with a count of k or more. Errors: Code::invalid for what
// poison_messages does not take, for too many messages, and for more than 16 MiB of them.
Result<std::vector<PoisonPortion>> poison_portions(const PoisonOrder& order);

}  // namespace squall
