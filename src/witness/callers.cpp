#include "witness/callers.h"

#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>

#include "sys/clock.h"
#include "sys/file.h"
#include "sys/network_namespace.h"

namespace squall::witness {
namespace {

constexpr Duration resolving = seconds(2);

int pending_error(const sys::Fd& fd) {
  int number = 0;
  socklen_t length = sizeof number;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &number, &length);
  return number;
}

// A connect to a free port of this host can meet itself when the kernel picks that very port for
// the client (RFC 9293, section 3.5). Nobody answered.
bool met_itself(const sys::Fd& fd, const net::Address& address) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &length) != 0) return false;
  return length == address.length && std::memcmp(&own, &address.storage, length) == 0;
}

}  // namespace

struct Callers::Open {
  sys::Fd fd;
  Duration begun;
  int problem = 0;  // that it ended with at once
  bool is_under_way = false;
};

Result<Callers> Callers::open(const Endpoint& endpoint, Refusal refusal) {
  sys::Patience patience(resolving);
  const auto addresses =
      TRY(net::resolve(endpoint.host, static_cast<int>(endpoint.port), patience));
  std::optional<sys::Fd> inside;
  if (!endpoint.network_namespace.empty()) {
    inside = TRY(sys::open_file(endpoint.network_namespace, O_RDONLY | O_NONBLOCK),
                 "opening the network namespace");
  }
  return Callers(endpoint, refusal, addresses.front(), std::move(inside));
}

Result<Callers::Open> Callers::begin() const {
  const bool tcp = endpoint_.protocol == Endpoint::Protocol::tcp;
  Open one;
  one.fd = TRY(sys::open_socket(
      {address_.storage.ss_family, (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0},
      inside_ ? std::optional(inside_->get()) : std::nullopt));
  const linger reset{1, 0};
  ::setsockopt(one.fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
  one.begun = sys::monotonic_now();
  const auto* where = reinterpret_cast<const sockaddr*>(&address_.storage);
  const bool failed = ::connect(one.fd.get(), where, address_.length) != 0 ||
                      (!tcp && ::send(one.fd.get(), "\n", 1, MSG_NOSIGNAL) != 1);
  one.problem = failed ? errno : 0;
  one.is_under_way = (failed && errno == EINPROGRESS) || (!failed && !tcp);
  return one;
}

void Callers::settle(Open& one, Call& call) const {
  call.took = sys::monotonic_now() - one.begun;
  one.is_under_way = false;
  int number = one.problem == EINPROGRESS ? pending_error(one.fd) : one.problem;
  char answer = 0;
  if (number == 0 && endpoint_.protocol == Endpoint::Protocol::udp &&
      ::recv(one.fd.get(), &answer, 1, MSG_DONTWAIT) < 0) {
    number = errno;
  }
  if (number == 0 && met_itself(one.fd, address_)) number = ECONNREFUSED;
  call.is_answered = number == 0 || (number == ECONNREFUSED && refusal_ == Refusal::counts);
  call.problem = call.is_answered ? 0 : number;
}

Result<std::vector<Callers::Call>> Callers::call(std::size_t count, Duration wait) const {
  std::vector<Open> open;
  std::vector<Call> calls(count);
  std::size_t waiting = 0;
  for (std::size_t i = 0; i < count; ++i) {
    open.push_back(TRY(begin()));
    if (open[i].is_under_way) {
      ++waiting;
    } else {
      settle(open[i], calls[i]);
    }
  }
  const Duration deadline = sys::monotonic_now() + wait;
  const short events = endpoint_.protocol == Endpoint::Protocol::tcp ? POLLOUT : POLLIN;
  while (waiting > 0) {
    std::vector<pollfd> entries;
    for (const Open& one : open) {
      entries.push_back({one.is_under_way ? one.fd.get() : -1, events, 0});
    }
    const Duration left = std::max(deadline - sys::monotonic_now(), Duration{});
    const int ready = ::poll(entries.data(), entries.size(), left.poll_milliseconds());
    if (ready < 0 && errno != EINTR) return errno_error(errno, "waiting for " + name());
    for (std::size_t i = 0; ready > 0 && i < count; ++i) {
      if (entries[i].revents == 0) continue;
      settle(open[i], calls[i]);
      --waiting;
    }
    if (ready == 0) break;
  }
  for (std::size_t i = 0; i < count; ++i) {
    if (open[i].is_under_way) calls[i].took = sys::monotonic_now() - open[i].begun;
  }
  return calls;
}

std::optional<Duration> median_of(std::vector<Callers::Call> calls) {
  const std::size_t all = calls.size();
  std::erase_if(calls, [](const Callers::Call& call) { return !call.is_answered; });
  if (2 * calls.size() < all || calls.empty()) return std::nullopt;
  std::sort(calls.begin(), calls.end(),
            [](const auto& one, const auto& other) { return one.took < other.took; });
  return calls[(calls.size() - 1) / 2].took;
}

}  // namespace squall::witness
