// postgres.terminate: ends sessions of other clients (pg_terminate_backend).
#include <fmt/core.h>

#include "net/postgres.h"
#include "reach/typed.h"

namespace squall::reach {
namespace {

constexpr Duration limit = milliseconds(1400);

struct Terminate : param::PostgresPlace {
  std::string of_database;
  std::string of_user;
  std::string of_application;
  std::int64_t at_most = 1;
};

const param::Table<Terminate> table{param::with_postgres<Terminate>({
    param::field("of_database", &Terminate::of_database, {.about = "Only of this database."}),
    param::field("of_user", &Terminate::of_user, {.about = "Only of this user."}),
    param::field("of_application", &Terminate::of_application,
                 {.about = "Only of applications of this name, as LIKE has it."}),
    param::field("at_most", &Terminate::at_most, {.about = "How many.", .required = true}),
})};

// One statement, so that the choice and the deed are of the same instant. Sessions of squall are
// left alone: those of its witness and its probes see what happens. Who may end a session is told
// before any is ended (pg_terminate_backend would fail in the middle): all of them or none.
constexpr std::string_view choose_and_end =
    "WITH chosen AS MATERIALIZED ("
    " SELECT a.pid, me.rolsuper OR (NOT r.rolsuper AND (pg_has_role(r.oid, 'USAGE')"
    "   OR pg_has_role('pg_signal_backend', 'USAGE'))) AS may_end"
    " FROM pg_stat_activity a JOIN pg_roles r ON r.oid = a.usesysid"
    " JOIN pg_roles me ON me.rolname = current_user"
    " WHERE coalesce(a.backend_type, 'client backend') = 'client backend'"
    " AND a.datname IS NOT NULL AND a.pid <> pg_backend_pid()"
    " AND a.application_name NOT LIKE 'squall%'"
    " AND ($1 = '' OR a.datname = $1) AND ($2 = '' OR a.usename = $2)"
    " AND ($3 = '' OR a.application_name LIKE $3)"
    " ORDER BY a.backend_start, a.pid LIMIT $4::bigint)"
    "SELECT pid, CASE WHEN (SELECT bool_and(may_end) FROM chosen)"
    " THEN pg_terminate_backend(pid) END FROM chosen";

Result<json::object> terminate(const Terminate& params) {
  sys::Patience patience(limit);
  net::Postgres session = TRY(net::Postgres::open(params, "squall", patience));
  const net::PostgresRows ended = TRY(session.query(
      std::string(choose_and_end),
      {params.of_database, params.of_user, params.of_application, std::to_string(params.at_most)},
      patience));
  json::array pids;
  for (const auto& row : ended.rows) {
    if (!row.at(1)) {
      return error(Code::refused,
                   fmt::format("{} may not end all of the {} sessions", quote(params.username),
                               ended.rows.size()),
                   "log in as their user, as a member of pg_signal_backend or, where they are a "
                   "superuser's, as a superuser");
    }
    pids.push_back(json::string(row.at(0).value_or("")));
  }
  if (pids.empty()) {
    return error(
        Code::not_found, "there is no session to drop",
        "look at pg_stat_activity: of_database, of_user and of_application must all match");
  }
  return json::object{{"ended", std::move(pids)}};
}

}  // namespace

extern const Verb verb_postgres_terminate;
const Verb verb_postgres_terminate = {
    .name = "postgres.terminate",
    .about = "ends sessions of other clients of a PostgreSQL",
    .table = &table,
    .call = call_with<table, terminate>,
};

}  // namespace squall::reach
