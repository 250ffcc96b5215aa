#include "net/socket.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <optional>

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/un.h>

#include "core/text.h"
#include "net/resolver.h"
#include "sys/file.h"
#include "sys/network_namespace.h"

namespace squall::net {
namespace {

using sys::Fd;
using sys::Patience;

// How often a unix socket whose queue is full is tried again: poll(2) does not tell when it has
// room.
constexpr Duration queue_tick = milliseconds(5);

Error explain(int number, const std::string& peer) {
  switch (number) {
    case ECONNREFUSED:
      return error(Code::refused, fmt::format("connection refused by {}", peer));
    case ECONNRESET:
    case EPIPE:
    case ECONNABORTED:
      return error(Code::refused, fmt::format("connection reset by {}", peer));
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EHOSTDOWN:
    case ENETDOWN:
      return error(Code::not_found, fmt::format("no route to {}", peer));
    case ETIMEDOUT:
      return error(Code::timed_out, fmt::format("no answer from {}: the kernel gave up", peer));
    case EACCES:
    case EPERM:
      return error(Code::refused,
                   fmt::format("connecting to {} is forbidden: {}", peer, std::strerror(number)));
    case ENOENT:
      return error(Code::not_found, fmt::format("the socket {} does not exist", peer));
    default:
      return error(Code::failed, fmt::format("cannot talk to {}: {}", peer, std::strerror(number)));
  }
}

Error ran_out(const Patience& patience, const std::string& peer, std::string_view doing) {
  if (patience.is_stopped()) {
    return error(Code::failed, fmt::format("stopped while {} {}", doing, peer));
  }
  return error(Code::timed_out,
               fmt::format("no answer from {} within {}", peer, render_rounded(patience.limit())));
}

// A connect to a free port of this very host can meet itself when the kernel picks that port as the
// source (both sides open at once, RFC 9293, section 3.5). Nobody listens there.
bool met_itself(const Fd& fd) {
  sockaddr_storage near{};
  sockaddr_storage far{};
  socklen_t near_length = sizeof near;
  socklen_t far_length = sizeof far;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&near), &near_length) != 0 ||
      ::getpeername(fd.get(), reinterpret_cast<sockaddr*>(&far), &far_length) != 0) {
    return false;
  }
  return near.ss_family != AF_UNIX && near_length == far_length &&
         std::memcmp(&near, &far, near_length) == 0;
}

// The reset spares the port a minute of TIME_WAIT, in which nobody could listen on it.
void close_with_reset(Fd& fd) {
  const linger at_once{1, 0};
  ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  fd.reset();
}

Result<Fd> make_socket(int family, const std::optional<Fd>& network_namespace) {
  const sys::SocketKind kind{family, SOCK_STREAM | SOCK_NONBLOCK, 0};
  if (!network_namespace) return sys::open_socket(kind);
  Result<Fd> made = sys::open_socket(kind, network_namespace->get());
  // A missing right is about this host, not about the target.
  if (!made.ok() && made.error().code == Code::refused) made.error().code = Code::unsupported;
  return made;
}

Status connect_once(Fd& fd, const Address& address, const std::string& peer, Patience& patience) {
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  while (::connect(fd.get(), where, address.length) != 0) {
    if (errno == EINTR) continue;
    if (errno == EAGAIN && where->sa_family == AF_UNIX) {
      if (patience.is_over()) return ran_out(patience, peer, "connecting to");
      Patience(std::min(queue_tick, patience.left()), patience.stop()).wait({});
      continue;
    }
    if (errno != EINPROGRESS && errno != EALREADY) return explain(errno, peer);
    if (patience.wait_for(fd.get(), POLLOUT) != Patience::End::ready) {
      return ran_out(patience, peer, "connecting to");
    }
    int number = 0;
    socklen_t length = sizeof number;
    ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &number, &length);
    if (number != 0) return explain(number, peer);
    break;
  }
  if (met_itself(fd)) {
    close_with_reset(fd);
    return explain(ECONNREFUSED, peer);
  }
  return ok();
}

Result<Address> unix_address(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path || path.find('\0') != std::string::npos) {
    return error(Code::invalid,
                 fmt::format("{} cannot be the path of a unix socket", printable(path)),
                 fmt::format("it has at most {} bytes", sizeof address.sun_path - 1));
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Address generic;
  std::memcpy(&generic.storage, &address, sizeof address);
  generic.length = sizeof address;
  return generic;
}

Result<std::optional<Fd>> open_namespace(const std::string& path) {
  if (path.empty()) return std::optional<Fd>();
  Result<Fd> fd = sys::open_file(path, O_RDONLY | O_NONBLOCK);
  if (fd.ok()) return std::optional<Fd>(std::move(*fd));
  Error problem = std::move(fd).error();
  if (problem.code == Code::refused) problem.code = Code::unsupported;
  return std::move(problem).while_doing("looking for the network namespace");
}

}  // namespace

std::string describe(const Endpoint& endpoint) {
  if (!endpoint.unix_path.empty()) return printable(endpoint.unix_path);
  const bool is_ipv6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_ipv6 ? "[" : "", printable(endpoint.host), is_ipv6 ? "]" : "",
                     endpoint.port);
}

bool is_about_target(const Error& error) {
  return error.code == Code::refused || error.code == Code::timed_out ||
         error.code == Code::not_found || error.code == Code::conflict;
}

Result<Connection> Connection::open(const Endpoint& endpoint, Patience& patience) {
  const bool is_local = !endpoint.unix_path.empty();
  const std::optional<Fd> network_namespace = TRY(open_namespace(endpoint.network_namespace));
  const std::vector<Address> addresses = is_local ? std::vector<Address> {
    TRY(unix_address(endpoint.unix_path))
  }
               : TRY(resolve(endpoint.host, endpoint.port, patience));
               std::optional<Error> problem;
               for (std::size_t i = 0; i < addresses.size(); ++i) {
                 const std::string peer = is_local ? describe(endpoint) : describe(addresses[i]);
                 Result<Fd> fd = make_socket(addresses[i].storage.ss_family, network_namespace);
                 const auto untried = static_cast<std::int64_t>(addresses.size() - i);
                 std::optional<Patience> part;
                 if (untried > 1) part.emplace(patience.left() / untried, patience.stop());
                 Status status =
                     fd.ok() ? connect_once(*fd, addresses[i], peer, part ? *part : patience)
                             : Status(std::move(fd).error());
                 if (status.ok()) {
                   const int on = 1;  // ignored by unix sockets
                   ::setsockopt(fd->get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                   return Connection(std::move(*fd), peer);
                 }
                 // A host without IPv6 cannot try ::1; what the other addresses said matters more.
                 if (!problem || is_about_target(status.error()))
                   problem = std::move(status).error();
                 if (patience.is_over()) break;
               }
               CHECK(problem.has_value(), "a resolved host has at least one address");
               return *std::move(problem);
}

Result<Address> Connection::peer_address() const {
  Address address;
  address.length = sizeof address.storage;
  auto* where = reinterpret_cast<sockaddr*>(&address.storage);
  if (::getpeername(fd_.get(), where, &address.length) == 0) return address;
  return errno_error(errno, fmt::format("asking for the address of {}", peer_));
}

Result<std::string> Connection::read_some(std::size_t limit, Patience& patience) {
  CHECK(limit > 0, "reading nothing would look like the end");
  std::string bytes(limit, '\0');
  // A peer that never pauses would otherwise be read for ever.
  if (patience.is_over()) return ran_out(patience, peer_, "waiting for");
  while (true) {
    const ssize_t got = ::recv(fd_.get(), bytes.data(), bytes.size(), 0);
    if (got >= 0) {
      bytes.resize(static_cast<std::size_t>(got));
      return bytes;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return explain(errno, peer_);
    if (patience.wait_for(fd_.get(), POLLIN) != Patience::End::ready) {
      return ran_out(patience, peer_, "waiting for");
    }
  }
}

Status Connection::write_all(std::string_view bytes, Patience& patience) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::send(fd_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (wrote >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(wrote));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return explain(errno, peer_);
    if (patience.wait_for(fd_.get(), POLLOUT) != Patience::End::ready) {
      return ran_out(patience, peer_, "writing to");
    }
  }
  return ok();
}

}  // namespace squall::net
