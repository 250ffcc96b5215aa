// Sockets inside another network namespace, without entering it.
//
// A socket stays bound for life to the namespace it was made in. So a short-lived thread enters the
// namespace, makes the socket and ends; the calling thread never leaves its own.
#pragma once

#include <optional>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

struct SocketKind {  // the three arguments of socket(2); SOCK_CLOEXEC is always added
  int domain = 0;
  int type = 0;
  int protocol = 0;
};

// `netns_fd` is an open /proc/PID/ns/net (or a bind mount of one) and stays the caller's; without
// it the socket is made in the caller's own namespace. Errors: Code::refused without CAP_SYS_ADMIN
// over the namespace, Code::invalid if the descriptor is not a network namespace, otherwise those
// of socket(2).
Result<Fd> open_socket(const SocketKind& kind, std::optional<int> netns_fd = std::nullopt);

// Takes the calling thread, and only it, into another network namespace for good. For threads that
// live for nothing else. Errors: Code::refused and Code::invalid as above.
Status enter_network_namespace(int netns_fd);

}  // namespace squall::sys
