// Stream sockets with a limit on every step: TCP over IPv4 and IPv6, and unix sockets, if wished in
// another network namespace.
//
// Codes of errors. Refused, timed_out, not_found and conflict speak of the target: it did not let
// us in, did not answer, is not there, or answered nonsense. The others say that no attempt could
// be made (no descriptors left, no right to enter the namespace, a stop was asked for);
// is_about_target() tells the two apart.
#pragma once

#include <string>
#include <string_view>

#include "core/result.h"
#include "net/resolver.h"
#include "sys/fd.h"
#include "sys/patience.h"

namespace squall::net {

struct Endpoint {
  std::string host;  // IPv4 or IPv6 address, or a name; names are looked up outside the namespace
  int port = 0;
  std::string unix_path;          // takes the place of host and port
  std::string network_namespace;  // path such as /run/netns/blue; empty = this process's own
};

// "127.0.0.1:6379", "[::1]:80", "/run/app.sock"
std::string describe(const Endpoint& endpoint);
bool is_about_target(const Error& error);

class Connection {
 public:
  // Tries the addresses of the host in turn; each gets an equal part of the time that is left.
  // Errors say who refused: "connection refused by 127.0.0.1:6379".
  static Result<Connection> open(const Endpoint& endpoint, sys::Patience& patience);

  // What has arrived, at least one byte and at most `limit`; an empty text when the peer has closed
  // its side. Errors: Code::timed_out "no answer from X within 500 ms", Code::refused when the peer
  // reset the connection.
  Result<std::string> read_some(std::size_t limit, sys::Patience& patience);
  // All of it, or an error as above.
  Status write_all(std::string_view bytes, sys::Patience& patience);
  // Who is at the other end, for messages.
  const std::string& peer() const { return peer_; }
  // The same as a socket address, for further connections to the same place.
  Result<Address> peer_address() const;

 private:
  Connection(sys::Fd fd, std::string peer) : fd_(std::move(fd)), peer_(std::move(peer)) {}
  sys::Fd fd_;
  std::string peer_;
};

}  // namespace squall::net
