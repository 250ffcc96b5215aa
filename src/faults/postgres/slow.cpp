// postgres.slow: queries of a PostgreSQL take long, because a table is locked or because a
// neighbour in the same server works hard.
//
// Nothing is faked: a session really takes ACCESS EXCLUSIVE on the table, as a careless migration
// does, or sessions really compute, as a report does that nobody asked for.
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/postgres_place.h"

namespace squall::fault {
namespace {

struct Slow : param::PostgresPlace {
  std::string lock;
  std::int64_t busy = 0;
};

const param::Table<Slow> table{param::with_postgres<Slow>({
    param::field("lock", &Slow::lock,
                 {.about = "The table that is locked: orders, or shop.orders."}),
    param::field("busy", &Slow::busy,
                 {.about = "How many sessions compute instead.",
                  .min = 0,
                  .max = 64,
                  .typical_low = 1,
                  .typical_high = 8}),
})};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("a login that may lock the table (its owner, or one who may write to it all)")};
}

Status check(const Slow& slow) {
  if (slow.lock.empty() != (slow.busy == 0)) return ok();
  return error(Code::invalid, "exactly one of lock and busy is wanted",
               "write lock: orders for a locked table, or busy: 4 for busy neighbours");
}

Wants wants(const Slow&) {
  return {};
}

Result<Strike> plan(const Slow& slow, const Facts&, const Choices&, std::uint64_t) {
  json::object request = request_for(slow);
  json::object watch = request;
  if (!slow.lock.empty()) {
    request["work"] = "lock";
    request["sessions"] = 1;
    request["relation"] = watch["relation"] = slow.lock;
    return Strike{.changes = {{"postgres.sessions", std::move(request)}},
                  .watches = {{"postgres.locked", std::move(watch)}},
                  .target = fmt::format("{} in the {}", quote(slow.lock), describe(slow))};
  }
  request["work"] = "busy";
  request["sessions"] = watch["sessions"] = slow.busy;
  return Strike{.changes = {{"postgres.sessions", std::move(request)}},
                .watches = {{"postgres.busy", std::move(watch)}},
                .target = describe(slow)};
}

}  // namespace

extern const Kind kind_postgres_slow;
const Kind kind_postgres_slow = kind_of<Slow>({
    .name = "postgres.slow",
    .summary = "Queries of a PostgreSQL wait for a lock, or for a neighbour that works hard.",
    .mechanism =
        "`lock`: one session takes the table in ACCESS EXCLUSIVE mode and keeps it, so that every "
        "read and write of it waits. `busy`: sessions compute, one statement of half a second "
        "after "
        "the other, each a process of the server that wants a core.",
    .undo =
        "The connections are closed; the server rolls back, releases the lock and ends the "
        "sessions, which is looked at. They are tied to the guardian's life: if squall dies, the "
        "kernel closes them at once. A computing session notices within 0.1 s (PostgreSQL 14).",
    .limits =
        "The lock is had within a second or not at all: on a table in steady use by long "
        "transactions the fault does not begin. Who waits is not told why; their own timeouts "
        "(lock_timeout, statement_timeout) are what is tested. busy wants processor time of the "
        "host where the server runs, also from other services there.",
    .example = R"({"database": "shop", "username": "shop", "lock": "orders"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
