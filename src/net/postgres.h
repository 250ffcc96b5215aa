// A client of PostgreSQL, over libpq without ever blocking longer than it may. libpq itself knows
// TLS and the ways to log in.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/result.h"
#include "param/postgres_place.h"
#include "sys/patience.h"

namespace squall::net {

using param::PostgresPlace;

struct PostgresRows {
  std::vector<std::vector<std::optional<std::string>>> rows;  // nothing is NULL
  // The first value, or empty.
  std::string first() const;
  // The value of the first row in a column as a whole number; 0 where there is none.
  std::int64_t number(std::size_t column = 0) const;
};

class Postgres {
 public:
  // `application` is how the session shows in pg_stat_activity. Errors: Code::refused when the
  // server does not let us in, Code::not_found when it is not there, Code::timed_out. The message
  // begins with the SQLSTATE where there is one: "53300: sorry, too many clients already".
  static Result<Postgres> open(const PostgresPlace& place, const std::string& application,
                               sys::Patience& patience);

  // The same with a password that is known already, in place of the one that the place names.
  static Result<Postgres> open_with(const PostgresPlace& place, const std::string& password,
                                    const std::string& application, sys::Patience& patience);

  // One command, with $1, $2 ... as texts. Errors: Code::refused with the SQLSTATE in front,
  // Code::timed_out (the command goes on in the server until this session closes).
  Result<PostgresRows> query(const std::string& sql, const std::vector<std::string>& values,
                             sys::Patience& patience);

  // The two halves: sends a command; true when its answer is there.
  Status send(const std::string& sql);
  Result<bool> is_answered();
  // Takes the answer of a command that was sent.
  Result<PostgresRows> take();
  // Readable when something has come, also the end of the session.
  int socket() const;
  // False once the server has ended the session; looks without waiting.
  bool is_alive();

 private:
  struct Close {
    void operator()(void* connection) const;
  };
  explicit Postgres(void* connection) : connection_(connection) {}
  std::unique_ptr<void, Close> connection_;
};

// The five letters at the front of an error's message, or empty.
std::string sqlstate_of(const Error& error);

}  // namespace squall::net
