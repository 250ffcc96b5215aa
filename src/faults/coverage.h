// Where a network fault can be seen: follows a connection of the witness, from an unnamed port to
// an endpoint, past the packet rule of the fault, and says which of its packets meet the rule.
//
// "Inside" is the network namespace that holds the rule. A connection may leave it (the witness
// stands inside), arrive in it (the endpoint is inside), or both, on loopback, where each packet
// passes the output hook and then the input hook.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "sys/nft.h"

namespace squall::fault {

struct Endpoint {
  std::string host;
  std::int64_t port = 0;
  bool is_loopback() const {
    return host.starts_with("127.") || host == "::1" || host == "localhost";
  }
};

// "10.0.0.5:6379" or "[fd00::5]:6379". Code::invalid with a hint.
Result<Endpoint> parse_endpoint(const std::string& text);

// True for "10.0.0.5", false for a network such as "10.0.0.0/8" and for "".
bool is_one_address(const std::string& peer);

struct Coverage {
  bool request = false;  // the client's first packet meets the rule
  bool reply = false;    // the server's answer does
  bool any() const { return request || reply; }
};

Coverage coverage(const sys::NftRule& rule, const Endpoint& endpoint, bool witness_is_inside);

}  // namespace squall::fault
