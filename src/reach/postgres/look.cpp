// postgres.look: how many sessions a PostgreSQL has still room for, and how many of one name there
// are.
#include "net/postgres.h"
#include "reach/typed.h"

namespace squall::reach {
namespace {

struct Look : param::PostgresPlace {
  std::string application;
};

const param::Table<Look> table{param::with_postgres<Look>({
    param::field("application", &Look::application,
                 {.about = "The name of the sessions that are counted."}),
})};

constexpr Duration limit = milliseconds(1400);
// Sessions of replication have places of their own, and so has what the server does for itself. A
// login that may not see of what kind a session is sees at least that there is one.
constexpr std::string_view question =
    "SELECT (SELECT count(*) FROM pg_stat_activity WHERE application_name = $1),"
    " current_setting('max_connections')::int - (SELECT count(*) FROM pg_stat_activity"
    "  WHERE coalesce(backend_type, 'client backend') = 'client backend' AND datname IS NOT NULL)";

Result<json::object> look(const Look& params) {
  sys::Patience patience(limit);
  net::Postgres session = TRY(net::Postgres::open(params, "squall", patience));
  const net::PostgresRows rows =
      TRY(session.query(std::string(question), {params.application}, patience));
  if (rows.rows.size() != 1) return error(Code::failed, "the server answered nonsense");
  // Our own session is counted among those that are there, and will be gone.
  return json::object{{"sessions", rows.number(0)}, {"room", rows.number(1) + 1}};
}

}  // namespace

extern const Verb verb_postgres_look;
const Verb verb_postgres_look = {
    .name = "postgres.look",
    .about = "counts the sessions of one name, and those that there is room for",
    .table = &table,
    .call = call_with<table, look>,
};

}  // namespace squall::reach
