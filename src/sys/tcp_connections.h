// The TCP connections of a network namespace, as the kernel tells them (sock_diag(7)), and their
// end by force.
//
// A connection is ended as tcp_abort() of the kernel does it: its peer gets a reset, and whoever
// holds it here gets ECONNABORTED at the next call. The kernel knows a socket by a cookie that it
// gives to no other, so that a connection which took the place of another is never meant.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <linux/inet_diag.h>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

struct TcpConnection {
  std::string local;  // address; of an IPv4 connection of an IPv6 socket, the IPv4 address
  std::string peer;
  std::uint16_t local_port = 0;
  std::uint16_t peer_port = 0;
  std::uint8_t family = 0;  // of the socket
  inet_diag_sockid id{};    // as the kernel names it
};

class TcpConnections {
 public:
  // `netns_fd` as of open_socket(). Errors: of open_socket().
  static Result<TcpConnections> open(std::optional<int> netns_fd = std::nullopt);

  // Those that somebody holds: neither listening sockets nor those that only wait (TIME_WAIT).
  // Code::unsupported when the kernel answers no such request.
  Result<std::vector<TcpConnection>> list() const;

  // True: it was ended. False: it had ended before. Code::unsupported where the kernel cannot
  // (CONFIG_INET_DIAG_DESTROY), Code::refused without CAP_NET_ADMIN in the namespace.
  Result<bool> reset(const TcpConnection& connection) const;
  // Whether reset() could work here, asked with a connection that nobody has.
  Status check_reset() const;

 private:
  explicit TcpConnections(Fd diagnosis) : diagnosis_(std::move(diagnosis)) {}

  Fd diagnosis_;  // a netlink socket inside the namespace
};

}  // namespace squall::sys
