// postgres.drop: sessions of other clients of a PostgreSQL are ended (pg_terminate_backend).
//
// Irreversible: the clients are cut off, and what they had not committed is rolled back. Sessions
// of squall itself are never chosen. The choice is made by the server in one statement, oldest
// first, so that what is listed is what was ended.
#include <fmt/core.h>

#include "change/reach.h"
#include "change/typed.h"
#include "core/text.h"
#include "param/postgres_place.h"

namespace squall::change {
namespace {

struct PostgresDrop : param::PostgresPlace {
  std::string of_database;
  std::string of_user;
  std::string of_application;
  std::int64_t at_most = 1000;
};

const param::Table<PostgresDrop> table{param::with_postgres<PostgresDrop>({
    param::field("of_database", &PostgresDrop::of_database, {.about = "Only of this database."}),
    param::field("of_user", &PostgresDrop::of_user, {.about = "Only of this user."}),
    param::field("of_application", &PostgresDrop::of_application,
                 {.about = "Only of applications of this name, as LIKE has it."}),
    param::field("at_most", &PostgresDrop::at_most,
                 {.about = "At most so many, the oldest first.", .min = 1, .max = 100'000}),
})};

constexpr Duration limit = milliseconds(1900);

// Nothing of this host: the sessions are the server's, wherever that is.
Result<Footprint> footprint(const PostgresDrop&) {
  return Footprint{};
}

Result<json::object> capture(const PostgresDrop&) {
  return json::object{};
}

Result<json::object> apply(const PostgresDrop& params, const json::object&) {
  return reach_call("postgres.terminate", table.to_json(params), limit);
}

std::string describe(const PostgresDrop& params) {
  std::string whose;
  if (!params.of_database.empty()) {
    whose += fmt::format(", of database {}", quote(params.of_database));
  }
  if (!params.of_user.empty()) whose += fmt::format(", of user {}", quote(params.of_user));
  if (!params.of_application.empty()) {
    whose += fmt::format(", of application {}", quote(params.of_application));
  }
  return fmt::format("end up to {} sessions of the {}{}", params.at_most, param::describe(params),
                     whose);
}

std::string undo(const PostgresDrop&) {
  return "cannot be undone: the clients are cut off and must connect again; what they had not "
         "committed is lost";
}

}  // namespace

extern const Kind kind_postgres_drop;
const Kind kind_postgres_drop = make_kind<PostgresDrop>({
    .name = "postgres.drop",
    .about = "Sessions of other clients of a PostgreSQL are ended.",
    .keeping = Keeping::irreversible,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
