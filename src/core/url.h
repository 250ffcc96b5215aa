// The part of RFC 3986 that an HTTP client needs: http://host[:port][/path][?query].
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"

namespace squall {

struct Url {
  std::string host;  // without the brackets of an IPv6 address
  int port = 80;
  std::string target = "/";  // path and query, as they go on the wire
};

// Errors: Code::unsupported for https and other schemes, Code::invalid with a hint for the rest:
// user names, blanks and characters that need percent-encoding. A fragment is left out.
Result<Url> parse_url(std::string_view text);
// What the Host header says: "example.org", "[::1]:8080".
std::string authority(const Url& url);

}  // namespace squall
