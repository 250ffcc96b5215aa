#include "sys/tcp_connections.h"

#include <array>
#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "sys/netlink_dump.h"
#include "sys/network_namespace.h"

namespace squall::sys {
namespace {

// As in the kernel's include/net/tcp_states.h.
constexpr std::uint32_t established = 1U << 1;
constexpr std::uint32_t syn_sent = 1U << 2;
constexpr std::uint32_t syn_received = 1U << 3;
constexpr std::uint32_t fin_wait_1 = 1U << 4;
constexpr std::uint32_t fin_wait_2 = 1U << 5;
constexpr std::uint32_t close_wait = 1U << 8;
constexpr std::uint32_t last_ack = 1U << 9;
constexpr std::uint32_t closing = 1U << 11;
constexpr std::uint32_t held = established | syn_sent | syn_received | fin_wait_1 | fin_wait_2 |
                               close_wait | last_ack | closing;

std::string address_of(std::uint8_t family, const std::uint32_t (&words)[4]) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  if (family == AF_INET) {
    ::inet_ntop(AF_INET, words, text.data(), text.size());
    return text.data();
  }
  in6_addr address{};
  std::memcpy(&address, words, sizeof address);
  if (IN6_IS_ADDR_V4MAPPED(&address)) {
    ::inet_ntop(AF_INET, &words[3], text.data(), text.size());
  } else {
    ::inet_ntop(AF_INET6, &address, text.data(), text.size());
  }
  return text.data();
}

TcpConnection connection_of(const inet_diag_msg& message) {
  return {.local = address_of(message.idiag_family, message.id.idiag_src),
          .peer = address_of(message.idiag_family, message.id.idiag_dst),
          .local_port = ntohs(message.id.idiag_sport),
          .peer_port = ntohs(message.id.idiag_dport),
          .family = message.idiag_family,
          .id = message.id};
}

// The errno with which the kernel answers an order; 0 when it was carried out.
Result<int> order(const Fd& socket, std::uint16_t type, std::string_view payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK;
  const std::string request = netlink_bytes(header).append(payload);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const auto* address = reinterpret_cast<const sockaddr*>(&kernel);
  if (::sendto(socket.get(), request.data(), request.size(), 0, address, sizeof kernel) < 0) {
    return errno_error(errno, "ordering by netlink");
  }
  std::array<char, 4096> buffer;
  while (true) {
    // The kernel has carried out the order before send returns: its answer is there.
    const ssize_t got = ::recv(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, "reading the kernel's answer by netlink");
    const std::string_view answer(buffer.data(), static_cast<std::size_t>(got));
    if (netlink_value<nlmsghdr>(answer).nlmsg_type != NLMSG_ERROR) continue;
    return -netlink_value<nlmsgerr>(answer.substr(sizeof header)).error;
  }
}

inet_diag_req_v2 request_for(std::uint8_t family) {
  inet_diag_req_v2 request{};
  request.sdiag_family = family;
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_states = held;
  return request;
}

}  // namespace

Result<TcpConnections> TcpConnections::open(std::optional<int> netns_fd) {
  return TcpConnections(TRY(open_socket({AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG}, netns_fd)));
}

Result<std::vector<TcpConnection>> TcpConnections::list() const {
  std::vector<TcpConnection> connections;
  for (const std::uint8_t family : {AF_INET, AF_INET6}) {
    const std::vector<std::string> messages =
        TRY(netlink_dump(diagnosis_, SOCK_DIAG_BY_FAMILY, netlink_bytes(request_for(family))),
            "asking for TCP connections");
    for (const std::string& message : messages) {
      connections.push_back(connection_of(netlink_value<inet_diag_msg>(message)));
    }
  }
  return connections;
}

Result<bool> TcpConnections::reset(const TcpConnection& connection) const {
  inet_diag_req_v2 request = request_for(connection.family);
  request.id = connection.id;
  const int number = TRY(order(diagnosis_, SOCK_DESTROY, netlink_bytes(request)));
  if (number == 0) return true;
  if (number == ENOENT) return false;
  if (number == EOPNOTSUPP || number == EINVAL) {
    return error(Code::unsupported, "this kernel ends no TCP connections on request (SOCK_DESTROY)",
                 "it needs CONFIG_INET_DIAG_DESTROY");
  }
  return errno_error(number,
                     fmt::format("resetting the connection of {}:{} with {}:{}", connection.local,
                                 connection.local_port, connection.peer, connection.peer_port));
}

Status TcpConnections::check_reset() const {
  TcpConnection nobody;
  nobody.family = AF_INET;
  nobody.id.idiag_cookie[0] = 1;  // without a port, which no connection is
  TRY(reset(nobody));
  return ok();
}

}  // namespace squall::sys
