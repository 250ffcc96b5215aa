// Messages for a queue as a load: pushes to a Redis list, publications to a NATS subject. The
// invalid forms are sound for the queue and poison for whoever takes them out of it.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "net/load/protocol.h"

namespace squall::net {

// A message that its reader should not trip over, made from a good one.
struct PoisonMessage {
  std::string name;    // "json_cut_off"
  std::string family;  // "json", "types", "encoding", "oversize", "script", "sql_injection"
  std::string bytes;
};
std::vector<PoisonMessage> poison_messages(std::string_view good);

enum class ListSide { left, right };

struct RedisQueue {
  std::string list;  // the key
  ListSide side = ListSide::right;
  std::string message;
  std::string username;
  std::string password;
};
// RPUSH or LPUSH. Errors: Code::invalid for an empty key.
Result<std::unique_ptr<LoadProtocol>> redis_load(const RedisQueue& queue);

struct NatsQueue {
  std::string subject;
  std::string message;
  std::string username;
  std::string password;
};
// PUB, with acknowledgements of the server (verbose), so that what was sent is also known to be
// taken. Errors: Code::invalid for a subject with blanks or wildcards.
Result<std::unique_ptr<LoadProtocol>> nats_load(const NatsQueue& queue);

}  // namespace squall::net
