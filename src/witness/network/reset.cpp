// network.reset: sees whether a connection to an endpoint is reset, as a client feels it.
//
// It connects before the fault, from inside a network namespace, says nothing, and holds on. A
// reset is an error (ECONNRESET, or ECONNABORTED where this very end was torn). A service that
// hangs up on silent clients does so in good order; then it connects anew.
#include <array>
#include <cerrno>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/text.h"
#include "net/resolver.h"
#include "sys/file.h"
#include "sys/network_namespace.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target {
  std::string host;
  std::int64_t port = 0;
  std::string network_namespace;
};

const param::Table<Target> table{{
    param::field("host", &Target::host, {.about = "Address of the endpoint.", .required = true}),
    param::field("port", &Target::port,
                 {.about = "Its port.", .required = true, .min = 1, .max = 65535}),
    param::field("namespace", &Target::network_namespace,
                 {.about = "Path of the network namespace to connect from; empty means our own."}),
}};

constexpr Duration opening_wait = seconds(2);

class Reset final : public Witness {
 public:
  Reset(Target target, net::Address address, std::optional<sys::Fd> inside)
      : target_(std::move(target)), address_(address), inside_(std::move(inside)) {}

  Status connect() {
    const auto inside = inside_ ? std::optional(inside_->get()) : std::nullopt;
    const sys::SocketKind kind{address_.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK, 0};
    connection_ = TRY(sys::open_socket(kind, inside));
    const linger at_once{1, 0};  // so that no port stays occupied when it goes
    ::setsockopt(connection_.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    const auto* where = reinterpret_cast<const sockaddr*>(&address_.storage);
    int number = ::connect(connection_.get(), where, address_.length) == 0 ? 0 : errno;
    if (number == EINPROGRESS) number = outcome_of_connect();
    if (number == 0) return ok();
    return error(Code::not_found,
                 fmt::format("{}:{} takes no connection: {}", printable(target_.host), target_.port,
                             std::strerror(number)),
                 "name an endpoint as witness at which something listens");
  }

  Result<Sighting> look() override {
    if (reset_by_ != 0) return seen();
    while (true) {
      std::array<char, 4096> said;  // a greeting; nothing is made of it
      const ssize_t got = ::recv(connection_.get(), said.data(), said.size(), MSG_DONTWAIT);
      if (got > 0 || (got < 0 && errno == EINTR)) continue;
      if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) {
        return Sighting{.detail = "the connection stands"};
      }
      if (got < 0 && (errno == ECONNRESET || errno == ECONNABORTED)) {
        reset_by_ = errno;
        return seen();
      }
      if (got < 0) return errno_error(errno, "holding a connection");
      TRY_VOID(connect());
      return Sighting{.detail = "the service had hung up in good order; connected anew"};
    }
  }

 private:
  int outcome_of_connect() const {
    pollfd entry{connection_.get(), POLLOUT, 0};
    if (::poll(&entry, 1, opening_wait.poll_milliseconds()) <= 0) return ETIMEDOUT;
    int number = 0;
    socklen_t length = sizeof number;
    ::getsockopt(connection_.get(), SOL_SOCKET, SO_ERROR, &number, &length);
    return number;
  }
  Sighting seen() const {
    return {.on = true, .dose = 1, .detail = fmt::format("reset: {}", std::strerror(reset_by_))};
  }

  Target target_;
  net::Address address_;
  std::optional<sys::Fd> inside_;
  sys::Fd connection_;
  int reset_by_ = 0;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(opening_wait);
  const auto addresses = TRY(net::resolve(target.host, static_cast<int>(target.port), patience));
  std::optional<sys::Fd> inside;
  if (!target.network_namespace.empty()) {
    inside = TRY(sys::open_file(target.network_namespace, O_RDONLY | O_NONBLOCK),
                 "opening the network namespace");
  }
  auto witness = std::make_unique<Reset>(target, addresses.front(), std::move(inside));
  TRY_VOID(witness->connect());
  return witness;
}

}  // namespace

extern const Kind kind_network_reset;
const Kind kind_network_reset = kind_of<Target>({
    .name = "network.reset",
    .about = "Whether a connection that is held to the endpoint is reset.",
    .dose_unit = "connections",
    .every = milliseconds(5),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
