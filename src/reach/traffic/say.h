// What a load says, for each protocol it can speak.
#pragma once

#include <memory>
#include <string_view>

#include "core/node.h"
#include "net/load/protocol.h"
#include "net/socket.h"

namespace squall::reach {

// `say` by protocol:
//
//   http   {method, target, headers, body, token, families, too_early, may_change}
//   redis  {list, side, message, families, username, password}
//   nats   {subject, message, families, username, password}
//
// Tokens and passwords are references, read here. Errors: Code::invalid with what cannot be said,
// those of sys::read_secret.
Result<std::unique_ptr<net::LoadProtocol>> protocol_for(std::string_view protocol,
                                                        const json::value& say,
                                                        const net::Endpoint& endpoint);

}  // namespace squall::reach
