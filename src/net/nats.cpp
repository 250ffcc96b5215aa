#include "net/nats.h"

#include <algorithm>
#include <charconv>

#include <fmt/core.h>

#include "core/node.h"
#include "core/text.h"
#include "sys/secret.h"

namespace squall::net {
namespace {

constexpr std::size_t line_max = 64 << 10;
constexpr std::uint64_t payload_max = 64 << 20;
constexpr int pieces_max = 256;  // in one count, so that a flood cannot hold it up for ever

}  // namespace

Status NatsStream::take(std::string_view bytes) {
  while (!bytes.empty()) {
    if (payload_left_ > 0) {
      const std::uint64_t taken = std::min<std::uint64_t>(payload_left_, bytes.size());
      payload_left_ -= taken;
      bytes.remove_prefix(static_cast<std::size_t>(taken));
      if (payload_left_ == 0) ++messages_;
      continue;
    }
    const std::size_t end = std::min(bytes.find('\n'), bytes.size());
    line_ += bytes.substr(0, end);
    if (line_.size() > line_max) return error(Code::conflict, "a line of the server never ends");
    const bool is_whole = end < bytes.size();
    bytes.remove_prefix(std::min(end + 1, bytes.size()));
    if (!is_whole) break;
    const std::string line(trim(line_));
    line_.clear();
    TRY_VOID(read_line(line));
  }
  return ok();
}

Status NatsStream::read_line(std::string_view line) {
  if (line == "PING") {
    ++pings_;
  } else if (line == "PONG") {
    ++pongs_;
  } else if (line.starts_with("MSG ")) {
    // MSG subject sid [reply-to] #bytes
    const std::string_view size = line.substr(line.rfind(' ') + 1);
    std::uint64_t bytes = 0;
    const auto [rest, code] = std::from_chars(size.data(), size.data() + size.size(), bytes);
    if (code != std::errc() || rest != size.data() + size.size() || bytes > payload_max) {
      return error(Code::conflict, fmt::format("{} is no message of NATS", quote(line)));
    }
    payload_left_ = bytes + 2;
  } else if (line.starts_with("-ERR")) {
    return error(Code::refused, fmt::format("NATS refuses: {}", printable(trim(line.substr(4)))),
                 "look at the login and at what it may subscribe to");
  } else if (!line.starts_with("INFO") && line != "+OK") {
    return error(Code::conflict, fmt::format("{} is not said by NATS", quote(line)),
                 "look whether another service has this port");
  }
  return ok();
}

std::string nats_hello(const NatsLogin& login) {
  json::object hello{
      {"verbose", login.is_verbose}, {"pedantic", false}, {"name", "squall"}, {"lang", "c++"}};
  if (!login.username.empty()) {
    hello["user"] = login.username;
    hello["pass"] = login.password;
  } else if (!login.password.empty()) {
    hello["auth_token"] = login.password;
  }
  return fmt::format("CONNECT {}\r\n", compact_json(hello));
}

Status check_subject(std::string_view subject, bool may_be_wild) {
  const auto is_forbidden = [may_be_wild](char letter) {
    return static_cast<unsigned char>(letter) <= ' ' ||
           (!may_be_wild && (letter == '*' || letter == '>'));
  };
  if (!subject.empty() && std::none_of(subject.begin(), subject.end(), is_forbidden)) return ok();
  return error(Code::invalid, fmt::format("{} is no subject", quote(subject)),
               may_be_wild ? "name one without blanks"
                           : "name one subject, without blanks, \"*\" and \">\"");
}

Result<NatsSubscription> NatsSubscription::open(const param::ServicePlace& place,
                                                const std::string& subject,
                                                sys::Patience& patience) {
  TRY_VOID(check_subject(subject, true));
  const std::string password = TRY(sys::reveal(place.password.reference), "reading the password");
  NatsSubscription made(TRY(Connection::open({.host = place.host,
                                              .port = static_cast<int>(place.port),
                                              .network_namespace = place.network_namespace},
                                             patience)));
  const std::string hello = nats_hello({.username = place.username, .password = password});
  TRY_VOID(
      made.connection_.write_all(fmt::format("{}SUB {} 1\r\nPING\r\n", hello, subject), patience));
  // The answer to the ping says that the subscription stands.
  while (made.stream_.pongs() == 0) {
    const std::string piece = TRY(made.connection_.read_some(64 << 10, patience));
    if (piece.empty()) {
      return error(Code::refused, fmt::format("{} hung up", made.connection_.peer()));
    }
    TRY_VOID(made.stream_.take(piece));
  }
  return made;
}

Result<std::uint64_t> NatsSubscription::count() {
  for (int i = 0; i < pieces_max; ++i) {
    sys::Patience patience(milliseconds(1));
    const Result<std::string> piece = connection_.read_some(64 << 10, patience);
    if (!piece.ok() && piece.error().code == Code::timed_out) break;
    if (!piece.ok()) return piece.error();
    if (piece->empty()) {
      return error(Code::refused, fmt::format("{} hung up", connection_.peer()));
    }
    TRY_VOID(stream_.take(*piece));
  }
  for (; answered_pings_ < stream_.pings(); ++answered_pings_) {
    sys::Patience patience(milliseconds(100));
    TRY_VOID(connection_.write_all("PONG\r\n", patience));
  }
  return stream_.messages();
}

}  // namespace squall::net
