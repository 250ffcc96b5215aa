// From a host and a port to socket addresses, within a limit.
//
// getaddrinfo(3) has no limit of its own and cannot be interrupted. Names are therefore looked up
// by glibc's getaddrinfo_a(3), whose threads may go on with a lookup that nobody waits for any
// more. There are at most 20 of them: under a DNS that never answers, lookups queue up and a probe
// by name recovers seconds later than DNS does. Numeric addresses never wait.
#pragma once

#include <string>
#include <vector>

#include <sys/socket.h>

#include "core/result.h"
#include "sys/patience.h"

namespace squall::net {

struct Address {
  sockaddr_storage storage{};
  socklen_t length = 0;
};

// "127.0.0.1:80", "[::1]:80"
std::string describe(const Address& address);

// At least one address, in the order of RFC 6724. The resolver of this process's own network
// namespace is asked. Errors: Code::not_found when the name has no address or the resolver cannot
// say, Code::timed_out, Code::invalid for a port outside 1 to 65535, Code::failed when a stop was
// asked for.
Result<std::vector<Address>> resolve(const std::string& host, int port, sys::Patience& patience);

}  // namespace squall::net
