// A subscription to a NATS subject that counts what comes
// (docs.nats.io/reference/reference-protocols/nats-protocol).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/result.h"
#include "net/socket.h"
#include "param/service_place.h"

namespace squall::net {

// Reads what a server sends to a subscriber, in pieces of any size. Keeps no message.
class NatsStream {
 public:
  // Code::conflict for what is no NATS, Code::refused for an error of the server.
  Status take(std::string_view bytes);
  std::uint64_t messages() const { return messages_; }
  std::uint64_t pings() const { return pings_; }  // each is to be answered with PONG
  std::uint64_t pongs() const { return pongs_; }

 private:
  Status read_line(std::string_view line);
  std::string line_;
  std::uint64_t payload_left_ = 0;  // of a message, with its line break
  std::uint64_t messages_ = 0;
  std::uint64_t pings_ = 0;
  std::uint64_t pongs_ = 0;
};

class NatsSubscription {
 public:
  // Errors: those of net::Connection, Code::refused when the login was rejected, Code::invalid for
  // a subject with blanks.
  static Result<NatsSubscription> open(const param::ServicePlace& place, const std::string& subject,
                                       sys::Patience& patience);

  // Messages so far. Takes what has arrived, and waits for at most a millisecond.
  Result<std::uint64_t> count();

 private:
  explicit NatsSubscription(Connection connection) : connection_(std::move(connection)) {}
  Connection connection_;
  NatsStream stream_;
  std::uint64_t answered_pings_ = 0;
};

// "CONNECT {...}\r\n". `is_verbose` asks the server to acknowledge each message.
struct NatsLogin {
  std::string username;
  std::string password;
  bool is_verbose = false;
};
std::string nats_hello(const NatsLogin& login);
// Code::invalid for a subject that cannot be subscribed to; wildcards only where they are allowed.
Status check_subject(std::string_view subject, bool may_be_wild);

}  // namespace squall::net
