#include "packets/sender.h"

#include <array>
#include <cstring>

#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "sys/network_namespace.h"

namespace squall::packets {
namespace {

constexpr std::size_t ipv4_header = 20;
constexpr std::size_t ipv4_destination = 16;
constexpr std::size_t ipv6_header = 40;
constexpr std::size_t ipv6_destination = 24;

struct Destination {
  sockaddr_storage storage{};
  socklen_t length = 0;  // 0: the bytes are no packet
};

Destination destination_of(std::string_view packet, std::uint32_t device) {
  Destination to;
  const unsigned version = packet.empty() ? 0 : static_cast<unsigned char>(packet[0]) >> 4U;
  if (version == 4 && packet.size() >= ipv4_header) {
    sockaddr_in address{.sin_family = AF_INET};
    std::memcpy(&address.sin_addr, packet.data() + ipv4_destination, sizeof address.sin_addr);
    std::memcpy(&to.storage, &address, to.length = sizeof address);
  } else if (version == 6 && packet.size() >= ipv6_header) {
    sockaddr_in6 address{.sin6_family = AF_INET6};
    std::memcpy(&address.sin6_addr, packet.data() + ipv6_destination, sizeof address.sin6_addr);
    if (IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr)) address.sin6_scope_id = device;
    std::memcpy(&to.storage, &address, to.length = sizeof address);
  }
  return to;
}

}  // namespace

Result<Sender> Sender::open(std::optional<int> netns_fd) {
  constexpr int send_room = 8 << 20;
  const int on = 1;
  Sender sender;
  sender.ipv4_ = TRY(sys::open_socket({AF_INET, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_RAW}, netns_fd),
                     "opening a raw socket");
  ::setsockopt(sender.ipv4_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &send_room, sizeof send_room);
  Result<sys::Fd> ipv6 =
      sys::open_socket({AF_INET6, SOCK_RAW | SOCK_NONBLOCK, IPPROTO_RAW}, netns_fd);
  if (!ipv6.ok()) return sender;
  sender.ipv6_ = std::move(*ipv6);
  ::setsockopt(sender.ipv6_.get(), IPPROTO_IPV6, IPV6_HDRINCL, &on, sizeof on);
  ::setsockopt(sender.ipv6_.get(), SOL_SOCKET, SO_SNDBUFFORCE, &send_room, sizeof send_room);
  return sender;
}

bool Sender::send(std::string_view packet, const Way& way) const {
  Destination to = destination_of(packet, way.device);
  if (to.length == 0) return false;
  const sys::Fd& socket = to.storage.ss_family == AF_INET ? ipv4_ : ipv6_;
  if (!socket.valid()) return false;
  iovec piece{const_cast<char*>(packet.data()), packet.size()};
  alignas(cmsghdr) std::array<char, CMSG_SPACE(sizeof way.mark)> control{};
  msghdr message{.msg_name = &to.storage,
                 .msg_namelen = to.length,
                 .msg_iov = &piece,
                 .msg_iovlen = 1,
                 .msg_control = control.data(),
                 .msg_controllen = control.size()};
  cmsghdr* header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SO_MARK;
  header->cmsg_len = CMSG_LEN(sizeof way.mark);
  std::memcpy(CMSG_DATA(header), &way.mark, sizeof way.mark);
  return ::sendmsg(socket.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL) ==
         static_cast<ssize_t>(packet.size());
}

}  // namespace squall::packets
