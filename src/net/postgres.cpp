// The only user of libpq. Sockets belong to the network namespace of the thread that makes
// them, so a connection into another one is opened by a thread that enters it and ends.
#include "net/postgres.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <system_error>
#include <thread>

#include <fcntl.h>
#include <fmt/core.h>
#include <netdb.h>
#include <poll.h>

#include "core/text.h"
#include "net/libpq.h"
#include "net/resolver.h"
#include "sys/file.h"
#include "sys/network_namespace.h"
#include "sys/secret.h"

namespace squall::net {
namespace {

struct Clear {
  void operator()(PGresult* result) const { libpq().PQclear(result); }
};
using Answer = std::unique_ptr<PGresult, Clear>;

struct Finish {
  void operator()(PGconn* connection) const { libpq().PQfinish(connection); }
};
using Opening = std::unique_ptr<PGconn, Finish>;

std::string one_line(const char* message) {
  std::string text(trim(message == nullptr ? "" : message));
  for (char& letter : text) letter = letter == '\n' ? ' ' : letter;
  return printable(text);
}

Error out_of_time(const sys::Patience& patience, std::string_view doing) {
  if (patience.is_stopped()) return error(Code::failed, fmt::format("stopped while {}", doing));
  return error(Code::timed_out, fmt::format("PostgreSQL did not answer within {} while {}",
                                            render(patience.limit()), doing));
}

// libpq tells of a refused connection in words only.
Error why_not_open(PGconn* connection, const PostgresPlace& place) {
  const std::string said = one_line(libpq().PQerrorMessage(connection));
  const std::string where = fmt::format("{}:{}", printable(place.host), place.port);
  if (said.find("onnection refused") != std::string::npos) {
    return error(Code::refused, fmt::format("connection refused by {}", where));
  }
  if (said.find("No such file or directory") != std::string::npos ||
      said.find("could not translate host name") != std::string::npos) {
    return error(Code::not_found, fmt::format("there is no PostgreSQL at {}", where));
  }
  // "... FATAL:  53300: sorry, too many clients already LOCATION:  ...", as asked for below.
  const std::size_t fatal = said.find("FATAL:");
  if (fatal == std::string::npos) return error(Code::refused, said);
  const std::string from_state(trim(std::string_view(said).substr(fatal + 6)));
  const std::string without_place = from_state.substr(0, from_state.find("LOCATION:"));
  return error(Code::refused, std::string(trim(without_place)));
}

struct Login {
  const PostgresPlace& place;
  const std::string& password;
  const std::string& application;
};

// A server as libpq wants it: lists of the same length, tried in turn.
struct Server {
  std::string hosts;
  std::string addresses;  // empty for a unix socket
  std::string ports;
};

// libpq would look the name up itself, for as long as that takes.
Result<Server> find_server(const PostgresPlace& place, sys::Patience& patience) {
  const std::string port = std::to_string(place.port);
  if (place.host.starts_with('/')) return Server{place.host, "", port};
  if (place.host.find(',') != std::string::npos) {
    return error(Code::invalid, fmt::format("host: {} names more than one", quote(place.host)),
                 "name one server; each has faults of its own");
  }
  Server server;
  for (const Address& address : TRY(resolve(place.host, static_cast<int>(place.port), patience))) {
    std::array<char, NI_MAXHOST> numeric{};
    const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
    if (::getnameinfo(where, address.length, numeric.data(), numeric.size(), nullptr, 0,
                      NI_NUMERICHOST) != 0) {
      continue;
    }
    const char* comma = server.hosts.empty() ? "" : ",";
    server.hosts += comma + place.host;
    server.addresses += std::string(comma) + numeric.data();
    server.ports += comma + port;
  }
  return server;
}

Result<Opening> connect_here(const Login& login, const Server& server, sys::Patience& patience) {
  const PostgresPlace& place = login.place;
  const std::array<std::pair<const char*, const char*>, 9> settings{
      {{"host", server.hosts.c_str()},
       {"hostaddr", server.addresses.c_str()},
       {"port", server.ports.c_str()},
       {"dbname", place.database.c_str()},
       {"user", place.username.c_str()},
       {"password", login.password.c_str()},
       {"application_name", login.application.c_str()},
       {"client_encoding", "UTF8"},
       {"gssencmode", "disable"}}};  // it would ask name servers, and wait for them
  std::array<const char*, settings.size() + 1> names{};
  std::array<const char*, settings.size() + 1> values{};
  for (std::size_t i = 0; i < settings.size(); ++i) {
    names[i] = settings[i].first;
    values[i] = settings[i].second;
  }
  Opening connection(libpq().PQconnectStartParams(names.data(), values.data(), 0));
  if (connection == nullptr) return error(Code::failed, "there is no memory for a connection");
  libpq().PQsetErrorVerbosity(connection.get(), PQERRORS_VERBOSE);  // with the SQLSTATE
  while (true) {
    const PostgresPollingStatusType status = libpq().PQconnectPoll(connection.get());
    if (status == PGRES_POLLING_OK) break;
    if (status == PGRES_POLLING_FAILED || libpq().PQstatus(connection.get()) == CONNECTION_BAD) {
      return why_not_open(connection.get(), place);
    }
    const short events = status == PGRES_POLLING_READING ? POLLIN : POLLOUT;
    if (patience.wait_for(libpq().PQsocket(connection.get()), events) !=
        sys::Patience::End::ready) {
      return out_of_time(patience, "connecting");
    }
  }
  libpq().PQsetnonblocking(connection.get(), 1);
  return connection;
}

Result<Opening> connect_inside(const Login& login, const Server& server, sys::Patience& patience) {
  const sys::Fd inside = TRY(sys::open_file(login.place.network_namespace, O_RDONLY | O_NONBLOCK),
                             "opening the network namespace");
  Result<Opening> made = error(Code::failed, "the thread that should connect did not run");
  try {
    std::jthread([&] {
      const Status entered = sys::enter_network_namespace(inside.get());
      made =
          entered.ok() ? connect_here(login, server, patience) : Result<Opening>(entered.error());
    }).join();
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(), "starting a thread to enter a network namespace");
  }
  return made;
}

Error why_refused(PGresult* result) {
  const char* state = libpq().PQresultErrorField(result, PG_DIAG_SQLSTATE);
  const char* message = libpq().PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY);
  const std::string said =
      one_line(message == nullptr ? libpq().PQresultErrorMessage(result) : message);
  return error(Code::refused, state == nullptr ? said : fmt::format("{}: {}", state, said));
}

}  // namespace

void Postgres::Close::operator()(void* connection) const {
  libpq().PQfinish(static_cast<PGconn*>(connection));
}

std::string PostgresRows::first() const {
  if (rows.empty() || rows.front().empty() || !rows.front().front()) return {};
  return *rows.front().front();
}

std::int64_t PostgresRows::number(std::size_t column) const {
  std::int64_t value = 0;
  if (rows.empty() || rows.front().size() <= column || !rows.front()[column]) return value;
  const std::string& text = *rows.front()[column];
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

Result<Postgres> Postgres::open(const PostgresPlace& place, const std::string& application,
                                sys::Patience& patience) {
  const std::string password =
      TRY(sys::reveal(place.password.reference), "reading the password of PostgreSQL");
  return open_with(place, password, application, patience);
}

Result<Postgres> Postgres::open_with(const PostgresPlace& place, const std::string& password,
                                     const std::string& application, sys::Patience& patience) {
  TRY_VOID(load_libpq());
  const Login login{place, password, application};
  const Server server = TRY(find_server(place, patience));
  Opening opened = place.network_namespace.empty() ? TRY(connect_here(login, server, patience))
                       : TRY(connect_inside(login, server, patience));
                       return Postgres(opened.release());
}

int Postgres::socket() const {
  return libpq().PQsocket(static_cast<PGconn*>(connection_.get()));
}

Status Postgres::send(const std::string& sql) {
  PGconn* connection = static_cast<PGconn*>(connection_.get());
  if (libpq().PQsendQuery(connection, sql.c_str()) == 1 && libpq().PQflush(connection) >= 0)
    return ok();
  return error(Code::refused, one_line(libpq().PQerrorMessage(connection)));
}

Result<bool> Postgres::is_answered() {
  PGconn* connection = static_cast<PGconn*>(connection_.get());
  if (libpq().PQconsumeInput(connection) != 1) {
    return error(Code::refused, one_line(libpq().PQerrorMessage(connection)));
  }
  return libpq().PQisBusy(connection) == 0;
}

Result<PostgresRows> Postgres::take() {
  PGconn* connection = static_cast<PGconn*>(connection_.get());
  PostgresRows rows;
  std::optional<Error> problem;
  while (true) {
    const Answer answer(libpq().PQgetResult(connection));
    if (answer == nullptr) break;
    const ExecStatusType status = libpq().PQresultStatus(answer.get());
    if (status == PGRES_COMMAND_OK || status == PGRES_EMPTY_QUERY) continue;
    if (status != PGRES_TUPLES_OK) {
      if (!problem) problem = why_refused(answer.get());
      continue;
    }
    for (int row = 0; row < libpq().PQntuples(answer.get()); ++row) {
      std::vector<std::optional<std::string>>& made = rows.rows.emplace_back();
      for (int column = 0; column < libpq().PQnfields(answer.get()); ++column) {
        const bool is_null = libpq().PQgetisnull(answer.get(), row, column) == 1;
        made.push_back(
            is_null ? std::nullopt
                    : std::optional<std::string>(libpq().PQgetvalue(answer.get(), row, column)));
      }
    }
  }
  if (problem) return *std::move(problem);
  return rows;
}

Result<PostgresRows> Postgres::query(const std::string& sql, const std::vector<std::string>& values,
                                     sys::Patience& patience) {
  PGconn* connection = static_cast<PGconn*>(connection_.get());
  std::vector<const char*> texts;
  texts.reserve(values.size());
  for (const std::string& value : values) texts.push_back(value.c_str());
  const int sent =
      libpq().PQsendQueryParams(connection, sql.c_str(), static_cast<int>(texts.size()), nullptr,
                                texts.data(), nullptr, nullptr, 0);
  if (sent != 1) return error(Code::refused, one_line(libpq().PQerrorMessage(connection)));
  while (libpq().PQflush(connection) == 1) {
    if (patience.wait_for(socket(), POLLOUT) != sys::Patience::End::ready) {
      return out_of_time(patience, "asking");
    }
  }
  while (!TRY(is_answered())) {
    if (patience.wait_for(socket(), POLLIN) != sys::Patience::End::ready) {
      return out_of_time(patience, "waiting for an answer");
    }
  }
  return take();
}

bool Postgres::is_alive() {
  PGconn* connection = static_cast<PGconn*>(connection_.get());
  return libpq().PQconsumeInput(connection) == 1 && libpq().PQstatus(connection) == CONNECTION_OK;
}

std::string sqlstate_of(const Error& error) {
  constexpr std::size_t length = 5;
  if (error.message.size() <= length || error.message[length] != ':') return {};
  const std::string state = error.message.substr(0, length);
  const auto fits = [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'A' && letter <= 'Z');
  };
  return std::all_of(state.begin(), state.end(), fits) ? state : "";
}

}  // namespace squall::net
