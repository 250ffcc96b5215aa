#include "packets/queue.h"

#include <algorithm>
#include <array>
#include <cerrno>

#include <fmt/core.h>
#include <linux/netlink.h>
#include <poll.h>
#include <sys/socket.h>

#include "sys/network_namespace.h"

namespace squall::packets {
namespace {

constexpr std::size_t batch = 64;
constexpr std::size_t header_room = 512;  // what the kernel tells of a packet besides its bytes
constexpr std::size_t verdict_bytes_max = 32 << 10;
constexpr int receive_room = 16 << 20;
constexpr int numbers_tried = 256;

sockaddr_nl kernel_address() {
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  return address;
}

Error explain(int number) {
  if (number == EPERM || number == EBUSY) {
    return error(
        Code::refused,
        fmt::format("the kernel gives squall no packet queue, of {} numbers tried", numbers_tried),
        "run as root, or with CAP_NET_ADMIN in that network namespace");
  }
  if (number == EINVAL || number == EOPNOTSUPP || number == EPROTONOSUPPORT) {
    return error(Code::unsupported, "this kernel queues no packets to programs (NFQUEUE)",
                 "load the module nfnetlink_queue, or use a kernel with "
                 "CONFIG_NETFILTER_NETLINK_QUEUE");
  }
  return errno_error(number, "asking for a packet queue");
}

// Whoever serves a queue is the only one who may ask for anything about it.
bool is_taken(int number) {
  return number == EPERM || number == EBUSY;
}

}  // namespace

Result<Queue> Queue::open(QueueSetting setting, std::optional<int> netns_fd) {
  Queue queue;
  queue.socket_ = TRY(sys::open_socket({AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER}, netns_fd),
                      "opening a netlink socket to netfilter");
  const int on = 1;
  ::setsockopt(queue.fd(), SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof on);
  const sockaddr_nl any = kernel_address();
  if (::bind(queue.fd(), reinterpret_cast<const sockaddr*>(&any), sizeof any) != 0) {
    return errno_error(errno, "binding a netlink socket");
  }
  int problem = EBUSY;
  for (int i = 0; i < numbers_tried && is_taken(problem); ++i) {
    if (i > 0) ++setting.number;
    problem = queue.ask(setup_requests(setting)[0]);
  }
  const std::vector<std::string> requests = setup_requests(setting);
  for (std::size_t i = 1; i < requests.size() && problem == 0; ++i) {
    problem = queue.ask(requests[i]);
  }
  if (problem != 0) return explain(problem);
  queue.setting_ = setting;
  // A reader that falls behind loses packets of the queue, which then pass, and not the socket.
  ::setsockopt(queue.fd(), SOL_NETLINK, NETLINK_NO_ENOBUFS, &on, sizeof on);
  ::setsockopt(queue.fd(), SOL_SOCKET, SO_RCVBUFFORCE, &receive_room, sizeof receive_room);
  ::setsockopt(queue.fd(), SOL_SOCKET, SO_SNDBUFFORCE, &receive_room, sizeof receive_room);
  queue.buffers_.assign(batch, std::string(setting.copied_bytes + header_room, '\0'));
  return queue;
}

// The kernel answers inside sendto(2). Packets cannot come before: no rule leads here yet.
int Queue::ask(const std::string& request) const {
  const sockaddr_nl kernel = kernel_address();
  if (::sendto(fd(), request.data(), request.size(), 0, reinterpret_cast<const sockaddr*>(&kernel),
               sizeof kernel) < 0) {
    return errno;
  }
  alignas(nlmsghdr) std::array<char, 4096> answer{};
  const ssize_t got = ::recv(fd(), answer.data(), answer.size(), MSG_DONTWAIT);
  if (got < 0) return errno;
  Arrivals arrivals;
  read_datagram({answer.data(), static_cast<std::size_t>(got)}, arrivals);
  return arrivals.errors.empty() ? 0 : arrivals.errors.front();
}

bool Queue::receive(Arrivals& arrivals) {
  arrivals.packets.clear();
  arrivals.errors.clear();
  std::array<mmsghdr, batch> messages{};
  std::array<iovec, batch> pieces{};
  for (std::size_t i = 0; i < batch; ++i) {
    pieces[i] = {buffers_[i].data(), buffers_[i].size()};
    messages[i].msg_hdr.msg_iov = &pieces[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  const int got = ::recvmmsg(fd(), messages.data(), batch, MSG_DONTWAIT, nullptr);
  if (got < 0) return errno == EAGAIN || errno == EINTR || errno == ENOBUFS;
  for (std::size_t i = 0; i < static_cast<std::size_t>(got); ++i) {
    read_datagram({buffers_[i].data(), messages[i].msg_len}, arrivals);
  }
  return true;
}

void Queue::decide(const Verdict& verdict) {
  append_verdict(verdicts_, setting_.number, verdict);
  if (verdicts_.size() >= verdict_bytes_max) flush();
}

void Queue::flush() {
  if (verdicts_.empty()) return;
  const sockaddr_nl kernel = kernel_address();
  ssize_t sent = 0;
  do {
    sent = ::sendto(fd(), verdicts_.data(), verdicts_.size(), 0,
                    reinterpret_cast<const sockaddr*>(&kernel), sizeof kernel);
  } while (sent < 0 && errno == EINTR);
  verdicts_.clear();
}

}  // namespace squall::packets
