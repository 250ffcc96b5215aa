// postgres.drop_connections: sessions of a PostgreSQL are cut off, as in a failover, a restart of
// the server, or when an administrator cleans up.
//
// Clients get SQLSTATE 57P01 and a closed connection, in the middle of a transaction if need be.
// Sessions of squall itself are left alone.
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/postgres_place.h"

namespace squall::fault {
namespace {

struct Drop : param::PostgresPlace {
  std::string of_database;
  std::string of_user;
  std::string of_application;
  std::int64_t at_most = 1000;
};

const param::Table<Drop> table{param::with_postgres<Drop>({
    param::field("of_database", &Drop::of_database, {.about = "Only sessions of this database."}),
    param::field("of_user", &Drop::of_user, {.about = "Only sessions of this user."}),
    param::field("of_application", &Drop::of_application,
                 {.about = "Only those whose application_name is like this; % stands for any "
                           "text."}),
    param::field("at_most", &Drop::at_most,
                 {.about = "At most so many, the oldest first.",
                  .min = 1,
                  .max = 100'000,
                  .typical_low = 1,
                  .typical_high = 50}),
})};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {
      note("a login that may end the sessions: their own user, pg_signal_backend, or a "
           "superuser")};
}

Wants wants(const Drop&) {
  return {};
}

Result<Strike> plan(const Drop& drop, const Facts&, const Choices&, std::uint64_t) {
  json::object request = request_for(drop);
  request["of_database"] = drop.of_database;
  request["of_user"] = drop.of_user;
  request["of_application"] = drop.of_application;
  request["at_most"] = drop.at_most;
  return Strike{.changes = {{"postgres.drop", request}},
                .watches = {{"postgres.dropped", request}},
                .target = describe(drop)};
}

}  // namespace

extern const Kind kind_postgres_drop_connections;
const Kind kind_postgres_drop_connections = kind_of<Drop>({
    .name = "postgres.drop_connections",
    .summary = "Clients of a PostgreSQL lose their sessions at once.",
    .mechanism =
        "One statement chooses the sessions in pg_stat_activity and ends them with "
        "pg_terminate_backend: what they had not committed is rolled back, and their clients find "
        "a closed connection. Sessions whose application_name begins with squall are left alone.",
    .undo =
        "Nothing is undone: a client must connect again. If squall dies meanwhile, either all of "
        "the sessions were ended or none.",
    .limits =
        "It does not keep them away: a client may be back within a millisecond. To keep new ones "
        "out use postgres.connections. Sessions that began in the very moment before may be "
        "chosen where the witness did not yet know them.",
    .lasting = Lasting::instant,
    .irreversible = "a session that was ended is gone, with what it had not committed",
    .example = R"({"of_database": "shop", "of_application": "shop-%", "at_most": 10})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
