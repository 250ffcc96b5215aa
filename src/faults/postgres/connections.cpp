// postgres.connections: a PostgreSQL has no session left to give, as when a pool leaks or a
// deployment doubles the clients.
//
// Sessions are opened until the server refuses one more, and kept; clients that come are told
// "sorry, too many clients already". Those that are connected work on.
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/postgres_place.h"

namespace squall::fault {
namespace {

struct Connections : param::PostgresPlace {
  std::int64_t sessions = 0;
};

const param::Table<Connections> table{param::with_postgres<Connections>({
    param::field("sessions", &Connections::sessions,
                 {.about = "How many are taken; 0 means all that are left.",
                  .min = 0,
                  .max = 5000,
                  .typical_low = 5,
                  .typical_high = 200}),
})};

// Nobody sets max_connections higher without a pooler in front.
constexpr std::int64_t all = 5000;

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("a login that may connect; that of the application, so that it meets its limit")};
}

Wants wants(const Connections&) {
  return {};
}

Result<Strike> plan(const Connections& connections, const Facts&, const Choices&, std::uint64_t) {
  json::object request = request_for(connections);
  json::object watch = request;
  watch["sessions"] = connections.sessions;
  request["sessions"] = connections.sessions == 0 ? all : connections.sessions;
  request["may_be_fewer"] = connections.sessions == 0;
  request["work"] = "idle";
  return Strike{.changes = {{"postgres.sessions", std::move(request)}},
                .watches = {{"postgres.crowded", std::move(watch)}},
                .target = describe(connections)};
}

}  // namespace

extern const Kind kind_postgres_connections;
const Kind kind_postgres_connections = kind_of<Connections>({
    .name = "postgres.connections",
    .summary = "A PostgreSQL refuses new sessions, because all are taken.",
    .mechanism =
        "Sessions are opened one after the other and kept idle until the server refuses one more "
        "with SQLSTATE 53300, or until as many are open as asked for. One that is ended by "
        "somebody else is opened again, so the place stays full.",
    .undo =
        "The connections are closed and the server ends the sessions; that is looked at. They are "
        "tied to the guardian's life: if squall dies, the kernel closes them at once.",
    .limits =
        "A login without superuser rights leaves those sessions free that are reserved "
        "(superuser_reserved_connections), as an application would. A pooler in front answers "
        "instead of the server. Each session costs the server some megabytes of memory.",
    .example = R"({"database": "shop", "username": "shop", "password": "${env:SHOP_PASSWORD}"})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
