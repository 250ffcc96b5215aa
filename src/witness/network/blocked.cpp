// network.blocked: sees whether connections to an endpoint stop to succeed, as a client feels it.
//
// It really connects, from inside a network namespace, again and again, and hangs up by a reset so
// that no port stays occupied. It never pings: echo packets may pass where connections do not. What
// a silent drop looks like is told apart from a slow answer by time: at the start the endpoint must
// answer, and at least four times that long (50 ms at the least) is waited for later answers.
//
// For UDP the endpoint must answer a datagram of one byte; an ICMP error is no answer to build on,
// since the kernel limits how many of them it sends.
#include <algorithm>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/text.h"
#include "net/resolver.h"
#include "sys/clock.h"
#include "sys/file.h"
#include "sys/network_namespace.h"
#include "witness/endpoint.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

using Protocol = Endpoint::Protocol;
enum class Expects { drop, reject };

struct Target : Endpoint {
  Expects expects = Expects::drop;
};

const param::Table<Target> table{with_endpoint<Target>({
    param::choice("expects", &Target::expects,
                  {{"drop", Expects::drop}, {"reject", Expects::reject}},
                  "What a blocked client should feel: no answer (drop) or a refusal (reject)."),
})};

constexpr Duration shortest_wait = milliseconds(50);
constexpr Duration opening_wait = seconds(2);
constexpr int opening_attempts = 3;

struct Attempt {
  enum class Outcome { answered, refused, silent } outcome = Outcome::silent;
  Duration took;
  int problem = 0;  // errno of a refusal
};

// Errors that are an answer of the network or of a rule, rather than a trouble of this process.
bool is_refusal(int number) {
  return number == ECONNREFUSED || number == ECONNRESET || number == EHOSTUNREACH ||
         number == ENETUNREACH || number == EACCES || number == EPERM;
}

int pending_error(const sys::Fd& fd) {
  int number = 0;
  socklen_t length = sizeof number;
  ::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &number, &length);
  return number;
}

// Waits for `events`; the errno that ended the wait, 0 when they came, ETIMEDOUT when they did not.
int wait_for(const sys::Fd& fd, short events, Duration deadline) {
  while (true) {
    const Duration left = deadline - sys::monotonic_now();
    pollfd entry{fd.get(), events, 0};
    const int ready = ::poll(&entry, 1, std::max(left, Duration{}).poll_milliseconds());
    if (ready > 0) return pending_error(fd);
    if (ready == 0) return ETIMEDOUT;
    if (errno != EINTR) return errno;
  }
}

// 0, or the errno with which connecting, or asking and being answered, failed.
int talk(const sys::Fd& fd, const Target& target, const net::Address& address, Duration deadline) {
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::connect(fd.get(), where, address.length) != 0) {
    if (errno != EINPROGRESS) return errno;
    return wait_for(fd, POLLOUT, deadline);
  }
  if (target.protocol == Protocol::tcp) return 0;
  if (::send(fd.get(), "\n", 1, MSG_NOSIGNAL) != 1) return errno;
  if (const int problem = wait_for(fd, POLLIN, deadline)) return problem;
  char answer = 0;
  return ::recv(fd.get(), &answer, 1, MSG_DONTWAIT) < 0 ? errno : 0;
}

// A connect to a free port of this host can meet itself when the kernel picks that very port for
// the client (RFC 9293, section 3.5). Nobody answered.
bool met_itself(const sys::Fd& fd, const net::Address& address) {
  sockaddr_storage own{};
  socklen_t length = sizeof own;
  if (::getsockname(fd.get(), reinterpret_cast<sockaddr*>(&own), &length) != 0) return false;
  return length == address.length && std::memcmp(&own, &address.storage, length) == 0;
}

class Blocked final : public Witness {
 public:
  Blocked(Target target, net::Address address, std::optional<sys::Fd> network_namespace)
      : target_(std::move(target)),
        address_(address),
        network_namespace_(std::move(network_namespace)) {}

  Result<Sighting> look() override {
    const Attempt attempt = TRY(try_once(wait_));
    const auto wanted =
        target_.expects == Expects::drop ? Attempt::Outcome::silent : Attempt::Outcome::refused;
    const bool on = attempt.outcome == wanted;
    Sighting sighting{.on = on, .dose = on ? 1.0 : 0.0, .detail = describe(attempt)};
    // Silence speaks of the instant when the request was under way, not of the waiting after it.
    if (attempt.outcome == Attempt::Outcome::silent) {
      sighting.oldest = attempt.took;
      sighting.newest = std::max(attempt.took - round_trip_, Duration{});
    }
    return sighting;
  }

  // The endpoint must answer now, or else later silence means nothing.
  Status settle() {
    for (int i = 0; i < opening_attempts; ++i) {
      const Attempt attempt = TRY(try_once(opening_wait));
      if (attempt.outcome != Attempt::Outcome::answered) {
        return error(Code::not_found,
                     fmt::format("{}:{} does not answer before the fault: {}",
                                 printable(target_.host), target_.port, describe(attempt)),
                     target_.protocol == Protocol::tcp
                         ? "name an endpoint as witness at which something listens"
                         : "name an endpoint as witness that answers any datagram");
      }
      round_trip_ = std::max(round_trip_, attempt.took);
    }
    wait_ = std::max(shortest_wait, round_trip_ * 4);
    return ok();
  }

 private:
  Result<Attempt> try_once(Duration wait) const {
    const bool tcp = target_.protocol == Protocol::tcp;
    const sys::SocketKind kind{address_.storage.ss_family,
                               (tcp ? SOCK_STREAM : SOCK_DGRAM) | SOCK_NONBLOCK, 0};
    const auto inside =
        network_namespace_ ? std::optional(network_namespace_->get()) : std::nullopt;
    const sys::Fd fd = TRY(sys::open_socket(kind, inside));
    const linger reset{1, 0};
    ::setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    const Duration begun = sys::monotonic_now();
    int number = talk(fd, target_, address_, begun + wait);
    if (number == 0 && met_itself(fd, address_)) number = ECONNREFUSED;
    Attempt attempt{.took = sys::monotonic_now() - begun, .problem = number};
    // A sender whose own datagram was dropped on this host is told so by EPERM.
    const bool dropped = number == EPERM && !tcp && target_.expects == Expects::drop;
    if (number == 0) {
      attempt.outcome = Attempt::Outcome::answered;
    } else if (number == ETIMEDOUT || dropped) {
      attempt.outcome = Attempt::Outcome::silent;
    } else if (is_refusal(number)) {
      attempt.outcome = Attempt::Outcome::refused;
    } else {
      return errno_error(number, fmt::format("connecting to {}", net::describe(address_)));
    }
    return attempt;
  }

  std::string describe(const Attempt& attempt) const {
    switch (attempt.outcome) {
      case Attempt::Outcome::answered:
        return fmt::format("answered after {}", render_rounded(attempt.took));
      case Attempt::Outcome::refused:
        return fmt::format("refused: {}", std::strerror(attempt.problem));
      case Attempt::Outcome::silent:
        return fmt::format("no answer within {}", render_rounded(attempt.took));
    }
    return {};
  }

  Target target_;
  net::Address address_;
  std::optional<sys::Fd> network_namespace_;
  Duration round_trip_;
  Duration wait_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(opening_wait);
  const auto addresses = TRY(net::resolve(target.host, static_cast<int>(target.port), patience));
  std::optional<sys::Fd> inside;
  if (!target.network_namespace.empty()) {
    inside = TRY(sys::open_file(target.network_namespace, O_RDONLY | O_NONBLOCK),
                 "opening the network namespace");
  }
  auto witness = std::make_unique<Blocked>(target, addresses.front(), std::move(inside));
  TRY_VOID(witness->settle());
  return witness;
}

}  // namespace

extern const Kind kind_network_blocked;
const Kind kind_network_blocked = kind_of<Target>({
    .name = "network.blocked",
    .about = "Whether connections to the endpoint fail as they should, told by connecting.",
    .dose_unit = "blocked connects",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
