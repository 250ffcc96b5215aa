// A client of Redis: one connection, one command after the other (RESP 2,
// redis.io/docs/reference/protocol-spec).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "net/socket.h"
#include "param/service_place.h"

namespace squall::net {

struct RedisReply {
  enum class Kind { status, failure, integer, text, nothing, list };
  Kind kind = Kind::nothing;
  std::string text;  // of a status, a failure ("OOM command not allowed ...") or a text
  std::int64_t integer = 0;
  std::vector<RedisReply> items;

  bool is_failure() const { return kind == Kind::failure; }
};

// Reads one reply off the front of `bytes`. Nothing yet: the reply is not whole. Code::conflict for
// what is no reply, is nested deeper than 8, or is larger than 16 MiB.
struct ReadReply {
  bool is_whole = false;
  RedisReply reply;
  std::size_t used = 0;
};
Result<ReadReply> read_reply(std::string_view bytes);

// "*3\r\n$5\r\nRPUSH\r\n..."
std::string redis_command(const std::vector<std::string>& words);

struct RedisPlace {
  Endpoint endpoint;
  std::string username;
  std::string password;
};

class Redis {
 public:
  // Connects, and logs in when there is a password. Errors: those of net::Connection; Code::refused
  // when the login was rejected.
  static Result<Redis> open(const RedisPlace& place, sys::Patience& patience);

  // Sends a command and waits for its reply, which may be a failure. Errors: those of
  // net::Connection, Code::conflict for an answer that is none.
  Result<RedisReply> call(const std::vector<std::string>& words, sys::Patience& patience);
  // The same, but a failure is an error: Code::refused with what Redis said.
  Result<RedisReply> demand(const std::vector<std::string>& words, sys::Patience& patience);
  // Sends them all at once, and so waits for one answer's time and not for each: the replies in
  // their order, or the error of the first that is a failure.
  Result<std::vector<RedisReply>> demand_all(const std::vector<std::vector<std::string>>& commands,
                                             sys::Patience& patience);
  // The two halves, for commands whose replies come late.
  Status send(std::string_view commands, sys::Patience& patience);
  Result<RedisReply> receive(sys::Patience& patience);

  const std::string& peer() const { return connection_.peer(); }
  // For what is no command with one reply, such as MONITOR. Bytes read ahead are lost.
  Connection take_connection() && { return std::move(connection_); }

 private:
  explicit Redis(Connection connection) : connection_(std::move(connection)) {}
  Result<RedisReply> check(RedisReply reply, const std::string& command) const;
  Connection connection_;
  std::string pending_;
};

// Connects to the Redis that the parameters of a kind name, reading the password where it is.
Result<Redis> open_redis(const param::ServicePlace& place, sys::Patience& patience);

// The value behind `name` in the text of INFO or of a section of it; empty when it is not there.
std::string_view redis_info(std::string_view text, std::string_view name);

}  // namespace squall::net
