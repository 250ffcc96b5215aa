// Requests that no server should accept, made from a good one: each is wrong in one way. A sound
// server answers every one of them with a status of 4xx, and goes on.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "net/http_client.h"
#include "net/load/protocol.h"

namespace squall::net {

// "sql_injection", "script", "oversize", "encoding", "json", "types", "combinations", "order"
const std::vector<std::string>& malformed_families();

// What the wrong requests are made of. The headers of `good` go with each, so that it gets past a
// login. Its body should be a JSON object, whose members are the ones that get wrong types.
struct MalformedOrder {
  HttpRequest good;
  std::vector<std::string> families;  // empty = all
  // "METHOD /path" of steps which must not work yet, for the family "order".
  std::vector<std::string> too_early;
  // False leaves those out that would change something if they were accepted: all but GET.
  bool may_change = true;
};
// Errors: Code::invalid for a family or a step that is none.
Result<std::vector<LoadForm>> malformed_requests(const MalformedOrder& order);

}  // namespace squall::net
