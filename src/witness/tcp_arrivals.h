// How much data arrives at a TCP service, told by the kernel: the counters of every socket with its
// port (sock_diag(7), tcp_info) and the connections opened in its network namespace.
//
// A service on this host is seen by its own sockets. One elsewhere is seen by the sockets that talk
// to it: what counts then is what its host has acknowledged.
#pragma once

#include <cstdint>
#include <map>
#include <string>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::witness {

class TcpArrivals {
 public:
  // Errors: a namespace that cannot be entered; Code::unsupported when the kernel answers no
  // sock_diag request.
  static Result<TcpArrivals> open(int port, const std::string& network_namespace);

  // Segments with data that arrived since the first call; on connections that live for one request
  // only, those connections. Of a connection that closes between two calls the last piece is lost.
  Result<std::uint64_t> count();
  bool is_local() const { return is_local_; }

 private:
  struct Seen {
    std::uint32_t segments = 0;
    std::uint64_t round = 0;
  };
  Result<std::uint64_t> new_segments();
  Result<std::uint64_t> opened() const;

  int port_ = 0;
  bool is_local_ = false;
  sys::Fd diagnosis_;                      // a netlink socket inside the namespace
  sys::Fd statistics_;                     // its /proc/net/snmp
  std::map<std::uint64_t, Seen> sockets_;  // by cookie
  std::uint64_t round_ = 0;
  std::uint64_t last_opened_ = 0;
  std::uint64_t count_ = 0;
};

// Of the text of /proc/net/snmp: the counter of TCP with this name. Code::unsupported when it is
// not there.
Result<std::uint64_t> tcp_counter(const std::string& text, const std::string& name);

}  // namespace squall::witness
