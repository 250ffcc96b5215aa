#include "faults/coverage.h"

#include <charconv>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::fault {

Result<Endpoint> parse_endpoint(const std::string& text) {
  const std::size_t colon = text.rfind(':');
  Endpoint endpoint;
  bool whole = false;
  if (colon != std::string::npos) {
    endpoint.host = text.substr(0, colon);
    const char* end = text.data() + text.size();
    const auto [rest, problem] = std::from_chars(text.data() + colon + 1, end, endpoint.port);
    whole = problem == std::errc() && rest == end;
  }
  const bool bracketed = endpoint.host.starts_with('[') && endpoint.host.ends_with(']');
  if (bracketed) endpoint.host = endpoint.host.substr(1, endpoint.host.size() - 2);
  const bool ambiguous = !bracketed && endpoint.host.find(':') != std::string::npos;
  if (whole && !ambiguous && !endpoint.host.empty() && endpoint.port > 0 &&
      endpoint.port <= 65535) {
    return endpoint;
  }
  return error(Code::invalid, fmt::format("\"{}\" is not address:port", printable(text)),
               "write for example 10.0.0.5:6379 or [fd00::5]:6379");
}

bool is_one_address(const std::string& peer) {
  return !peer.empty() && peer.find('/') == std::string::npos;
}

Coverage coverage(const sys::NftRule& rule, const Endpoint& endpoint, bool witness_is_inside) {
  const bool endpoint_is_inside =
      !witness_is_inside || endpoint.is_loopback() || rule.local_port.has_value();
  const auto allows = [&](const std::optional<std::uint16_t>& port) {
    return !port || *port == endpoint.port;
  };
  // The witness's own port is not known beforehand, so a rule that names it never matches.
  const bool leaves = witness_is_inside && !rule.local_port && allows(rule.remote_port);
  const bool arrives = endpoint_is_inside && !rule.remote_port && allows(rule.local_port);
  const bool in = rule.direction != sys::NftDirection::out;
  const bool out = rule.direction != sys::NftDirection::in;
  return {.request = (leaves && out) || (arrives && in),
          .reply = (leaves && in) || (arrives && out)};
}

}  // namespace squall::fault
