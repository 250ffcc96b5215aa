// Who listens on a port.
//
// Each network namespace has its own tables of sockets, which name a socket by its inode; whoever
// has a descriptor of that inode holds the socket. Namespaces are found through the processes in
// them.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "core/result.h"

namespace squall::sys {

// The inodes of the sockets that wait for anybody on this port, from the text of /proc/PID/net/tcp,
// tcp6, udp or udp6: TCP sockets in state LISTEN, UDP sockets that are not connected.
std::vector<std::uint64_t> listening_inodes(std::string_view table, std::uint16_t port);

// The pids of all processes that hold such a socket, sorted, in whatever network namespace it is:
// every worker of a server that forks. Process 1 counts only when it is alone, since it keeps the
// sockets of the services that it starts on demand. Empty when nobody listens. Code::refused when
// somebody does whose descriptors this user may not see.
Result<std::vector<std::int64_t>> listeners_of_port(std::uint16_t port);

}  // namespace squall::sys
