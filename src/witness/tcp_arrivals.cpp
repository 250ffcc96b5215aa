#include "witness/tcp_arrivals.h"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <optional>
#include <system_error>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/tcp.h>
#include <sys/socket.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/netlink_dump.h"
#include "sys/network_namespace.h"

namespace squall::witness {
namespace {

// As in the kernel's net/tcp_states.h.
constexpr std::uint32_t state_listen = 1U << 10;
constexpr std::uint32_t states_with_data = 0xFFFU & ~(state_listen | 1U << 6 | 1U << 2);

Result<std::vector<std::string>> dump(const sys::Fd& diagnosis, int family, int port, bool is_local,
                                      std::uint32_t states) {
  inet_diag_req_v2 request{};
  request.sdiag_family = static_cast<std::uint8_t>(family);
  request.sdiag_protocol = IPPROTO_TCP;
  request.idiag_ext = 1U << (INET_DIAG_INFO - 1);
  request.idiag_states = states;
  (is_local ? request.id.idiag_sport : request.id.idiag_dport) =
      htons(static_cast<std::uint16_t>(port));
  return sys::netlink_dump(diagnosis, SOCK_DIAG_BY_FAMILY, sys::netlink_bytes(request));
}

std::uint64_t cookie_of(const inet_diag_msg& message) {
  return static_cast<std::uint64_t>(message.id.idiag_cookie[1]) << 32 | message.id.idiag_cookie[0];
}

// A file of /proc/net belongs to the namespace of whoever opens it, for as long as it is open.
Result<sys::Fd> open_statistics(const std::optional<int>& network_namespace) {
  constexpr const char* path = "/proc/thread-self/net/snmp";
  if (!network_namespace) return sys::open_file(path, O_RDONLY);
  Result<sys::Fd> opened = error(Code::failed, "the thread that should open it did not run");
  try {
    std::jthread([&] {
      const Status entered = sys::enter_network_namespace(*network_namespace);
      opened = entered.ok() ? sys::open_file(path, O_RDONLY) : Result<sys::Fd>(entered.error());
    }).join();
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(), "starting a thread to enter a network namespace");
  }
  return opened;
}

}  // namespace

Result<std::uint64_t> tcp_counter(const std::string& text, const std::string& name) {
  std::vector<std::string> names;
  for (const std::string& line : split(text, '\n')) {
    if (!line.starts_with("Tcp: ")) continue;
    const std::vector<std::string> words = split(line, ' ');
    if (names.empty()) {
      names = words;
      continue;
    }
    const auto at = std::find(names.begin(), names.end(), name) - names.begin();
    if (at >= std::ssize(words)) break;
    const std::string& word = words[static_cast<std::size_t>(at)];
    std::uint64_t value = 0;
    if (std::from_chars(word.data(), word.data() + word.size(), value).ec == std::errc()) {
      return value;
    }
  }
  return error(Code::unsupported, fmt::format("/proc/net/snmp does not tell {} of TCP", name));
}

Result<TcpArrivals> TcpArrivals::open(int port, const std::string& network_namespace) {
  TcpArrivals arrivals;
  arrivals.port_ = port;
  sys::Fd inside;
  std::optional<int> number;
  if (!network_namespace.empty()) {
    inside = TRY(sys::open_file(network_namespace, O_RDONLY | O_NONBLOCK),
                 "opening the network namespace");
    number = inside.get();
  }
  arrivals.diagnosis_ = TRY(sys::open_socket({AF_NETLINK, SOCK_DGRAM, NETLINK_SOCK_DIAG}, number));
  arrivals.statistics_ = TRY(open_statistics(number));
  for (const int family : {AF_INET, AF_INET6}) {
    const std::vector<std::string> listening =
        TRY(dump(arrivals.diagnosis_, family, port, true, state_listen), "looking for the service");
    arrivals.is_local_ = arrivals.is_local_ || !listening.empty();
  }
  TRY(arrivals.new_segments());
  arrivals.last_opened_ = TRY(arrivals.opened());
  return arrivals;
}

Result<std::uint64_t> TcpArrivals::opened() const {
  const std::string text = TRY(sys::read_at(statistics_, 0, 16 << 10));
  return tcp_counter(text, is_local_ ? "PassiveOpens" : "ActiveOpens");
}

// Since the call before. A socket that was not there then counts with all it has.
Result<std::uint64_t> TcpArrivals::new_segments() {
  std::uint64_t added = 0;
  ++round_;
  for (const int family : {AF_INET, AF_INET6}) {
    const auto messages =
        TRY(dump(diagnosis_, family, port_, is_local_, states_with_data), "asking for sockets");
    for (const std::string& message : messages) {
      const auto header = sys::netlink_value<inet_diag_msg>(message);
      const auto attributes = sys::netlink_attributes_after(message, sizeof header);
      const std::string_view bytes = sys::find_attribute(attributes, INET_DIAG_INFO);
      tcp_info info{};
      std::memcpy(&info, bytes.data(), std::min(bytes.size(), sizeof info));
      const std::uint32_t segments = is_local_ ? info.tcpi_data_segs_in : info.tcpi_delivered;
      Seen& seen = sockets_[cookie_of(header)];
      added += segments - seen.segments;  // wraps as the counter does
      seen = {segments, round_};
    }
  }
  std::erase_if(sockets_, [&](const auto& one) { return one.second.round != round_; });
  return added;
}

Result<std::uint64_t> TcpArrivals::count() {
  const std::uint64_t segments = TRY(new_segments());
  const std::uint64_t opens = TRY(opened());
  const std::uint64_t connections = opens - std::min(last_opened_, opens);
  last_opened_ = opens;
  count_ += std::max(segments, connections);
  return count_;
}

}  // namespace squall::witness
