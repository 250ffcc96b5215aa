// A session is one proxied connection: a client, the server behind the proxy, and a link each way.
#pragma once

#include <memory>
#include <vector>

#include "net/resolver.h"
#include "proxy/link.h"

namespace squall::proxy {

struct Route;  // of one loop; see loop.h

struct Session {
  Session(Route& its_route, std::uint64_t its_ordinal)
      : route(&its_route),
        ordinal(its_ordinal),
        up(Stream::upstream, *this, client, server),
        down(Stream::downstream, *this, server, client) {}

  Route* route;
  std::uint64_t ordinal;
  Session* before = nullptr;  // neighbours in the list of the route
  Session* after = nullptr;
  Side client;
  Side server;
  Link up;
  Link down;
  Listeners listeners;           // to what its client sends
  std::uint64_t generation = 0;  // of the chain that its links follow
  // Where to connect; each address is tried until one answers.
  std::shared_ptr<const std::vector<net::Address>> addresses;
  std::uint32_t next_address = 0;
  std::uint64_t lookup = 0;   // the question that it waits for, or 0
  std::uint64_t hung_by = 0;  // the toxic that keeps it without an answer, or 0
  bool is_connected = false;
  bool is_dead = false;
  bool is_queued = false;  // for another turn
};

}  // namespace squall::proxy
