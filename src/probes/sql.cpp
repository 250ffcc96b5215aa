// sql: asks a PostgreSQL one thing over a new connection, as a client that has just arrived would,
// and looks at the first value of the answer.
//
// The statement runs in a transaction that may only read and ends with the connection. The server
// stops it when nobody waits for it any more (statement_timeout), so that probes which run into
// their limits do not pile up in a server that is slow already.
#include <charconv>

#include <fmt/core.h>

#include "core/text.h"
#include "net/postgres.h"
#include "probes/typed.h"
#include "probes/unreached.h"
#include "sys/secret.h"

namespace squall::probe {
namespace {

// The password of a probe arrives resolved, so it is no reference here.
struct Sql {
  std::string host = "127.0.0.1";
  std::int64_t port = 5432;
  std::string database = "postgres";
  std::string username = "postgres";
  std::string password;
  std::string network_namespace;
  std::string query;
};

const param::Table<Sql> table{{
    param::field("query", &Sql::query,
                 {.about = "One statement that only reads.", .required = true}),
    param::field("host", &Sql::host,
                 {.about = "Address or name of the server, or the folder of its unix socket."}),
    param::field("port", &Sql::port, {.about = "Its port.", .min = 1, .max = 65535}),
    param::field("database", &Sql::database, {.about = "To connect to."}),
    param::field("username", &Sql::username, {.about = "To log in with."}),
    param::field("password", &Sql::password,
                 {.about = "To log in with; write a reference: \"${env:NAME}\" or "
                           "\"${file:/PATH}\"."}),
    param::field("namespace", &Sql::network_namespace,
                 {.about = "Path of the network namespace to ask from, such as /run/netns/blue."}),
}};

Status check(const Sql& sql) {
  if (!trim(sql.query).empty()) return ok();
  return error(Code::invalid, "query: it is empty", "write for example: SELECT 1");
}

// Refusals by the server are about the target, and so is everything that it says of the statement.
Sample failed(const Error& problem) {
  Sample sample = unreached(problem);
  if (const std::string state = net::sqlstate_of(problem); !state.empty()) {
    sample.values["sqlstate"] = json::string(state);
  }
  return sample;
}

// The server gives up later than we do: what counts is that we had no answer in time.
constexpr Duration grace = milliseconds(100);

Status begin(net::Postgres& session, sys::Patience& patience) {
  TRY_VOID(session.query("BEGIN READ ONLY", {}, patience));
  const Duration limit = patience.left() + grace;
  TRY_VOID(session.query(fmt::format("SET LOCAL statement_timeout = {}", limit.poll_milliseconds()),
                         {}, patience));
  return ok();
}

Sample take(const Sql& sql, sys::Patience& patience) {
  net::PostgresPlace place;
  place.host = sql.host;
  place.port = sql.port;
  place.database = sql.database;
  place.username = sql.username;
  place.network_namespace = sql.network_namespace;
  Result<net::Postgres> session =
      net::Postgres::open_with(place, sql.password, "squall-probe", patience);
  if (!session.ok()) return failed(session.error());
  const Status begun = begin(*session, patience);
  if (!begun.ok()) return failed(begun.error());
  const Result<net::PostgresRows> rows = session->query(sql.query, {}, patience);
  if (!rows.ok()) return failed(rows.error());
  Sample sample;
  sample.values["reached"] = true;
  sample.values["latency"] = json::string(render(patience.spent()));
  sample.values["rows"] = std::ssize(rows->rows);
  const std::string value = rows->first();
  sample.values["value"] = json::string(repair_utf8(value));
  double number = 0;
  const auto [rest, code] = std::from_chars(value.data(), value.data() + value.size(), number);
  if (code == std::errc() && rest == value.data() + value.size()) sample.values["number"] = number;
  return sample;
}

}  // namespace

extern const Kind kind_sql;
const Kind kind_sql = kind_of<Sql>({
    .name = "sql",
    .about = "Asks a PostgreSQL one thing over a new connection and looks at the first value.",
    .limits = "PostgreSQL only. The statement runs in a read-only transaction; what a function "
              "does outside of it, such as pg_terminate_backend, is not kept from it. The whole "
              "answer is read, so ask for little. Two short statements come before the one asked: "
              "their time counts. Names are looked up by this host's resolver.",
    .example = R"({"sql": {"query": "SELECT count(*) FROM orders", "database": "shop",
                           "password": "${env:SHOP_PASSWORD}"},
                   "expect": {"number": "> 100", "latency": "< 500 ms"}})",
    .table = &table,
    .values = {{"latency", "duration", "From the start, logging in included, to the last row."},
               {"value", "text", "The first value of the first row; empty when there is none."},
               {"number", "number", "The same as a number, when it is one."},
               {"rows", "whole number", "How many rows there are."},
               {"sqlstate", "text", "Why the server refused, when it did: \"53300\"."}},
    .reached = "Whether the statement was answered.",
    .check = check,
    .take = take,
});

}  // namespace squall::probe
