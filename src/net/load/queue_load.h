// Messages for a queue as a load: pushes to a Redis list, publications to a NATS subject. The
// invalid forms are sound for the queue and poison for whoever takes them out of it
// (core/poison.h).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/result.h"
#include "net/load/protocol.h"

namespace squall::net {

enum class ListSide { left, right };

struct RedisQueue {
  std::string list;  // the key
  ListSide side = ListSide::right;
  std::string message;
  std::vector<std::string> families;  // of the invalid forms; none named means all
  std::string username;
  std::string password;
};
// RPUSH or LPUSH. Errors: Code::invalid for an empty key and for families that are none.
Result<std::unique_ptr<LoadProtocol>> redis_load(const RedisQueue& queue);

struct NatsQueue {
  std::string subject;
  std::string message;
  std::vector<std::string> families;  // of the invalid forms; none named means all
  std::string username;
  std::string password;
};
// PUB, with acknowledgements of the server (verbose), so that what was sent is also known to be
// taken. Errors: Code::invalid for a subject with blanks or wildcards, and for families that are
// none.
Result<std::unique_ptr<LoadProtocol>> nats_load(const NatsQueue& queue);

}  // namespace squall::net
