// postgres.locked: sees whether a table of a PostgreSQL cannot be read, as a client feels it.
//
// It really reads, and gives up after a few milliseconds (lock_timeout): that the lock could not be
// had (SQLSTATE 55P03) is what counts, not that somebody is known to hold one. How long a read of
// no rows takes otherwise is measured at the start.
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "net/postgres.h"
#include "sys/clock.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::PostgresPlace {
  std::string relation;
};

const param::Table<Target> table{param::with_postgres<Target>({
    param::field("relation", &Target::relation, {.about = "The table.", .required = true}),
})};

constexpr Duration limit = seconds(2);
constexpr Duration patience_for_lock = milliseconds(30);

class Locked final : public Witness {
 public:
  Locked(net::Postgres session, std::string query)
      : session_(std::move(session)), query_(std::move(query)) {}

  Result<Sighting> look() override {
    sys::Patience patience(limit);
    const Duration begun = sys::monotonic_now();
    const Result<net::PostgresRows> rows = session_.query(query_, {}, patience);
    const Duration took = sys::monotonic_now() - begun;
    if (rows.ok()) return Sighting{.detail = fmt::format("read in {}", render_rounded(took))};
    if (net::sqlstate_of(rows.error()) != "55P03") return rows.error();
    // The lock could not be had at any instant of the wait.
    return Sighting{.on = true,
                    .dose = 1,
                    .detail = fmt::format("no lock within {}", render_rounded(took)),
                    .oldest = took,
                    .newest = std::max(took - patience_for_lock, Duration{})};
  }

 private:
  net::Postgres session_;
  std::string query_;
};

// "a.b" as a quoted name; the server does the quoting, so it is asked for it.
Result<std::string> quoted(net::Postgres& session, const std::string& relation,
                           sys::Patience& patience) {
  const net::PostgresRows rows = TRY(
      session.query("SELECT $1::regclass::text", {relation}, patience), "looking for the table");
  return rows.first();
}

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(limit);
  net::Postgres session = TRY(net::Postgres::open(target, "squall-witness", patience));
  const std::string name = TRY(quoted(session, target.relation, patience));
  TRY_VOID(session.query(
      fmt::format("SET lock_timeout = {}", patience_for_lock.poll_milliseconds()), {}, patience));
  const std::string query = fmt::format("SELECT FROM {} LIMIT 0", name);
  const Result<net::PostgresRows> first = session.query(query, {}, patience);
  if (!first.ok()) {
    return error(Code::not_found,
                 fmt::format("the table {} cannot be read before the fault: {}",
                             quote(target.relation), first.error().message),
                 "name one that may be read and that nobody locks");
  }
  return std::make_unique<Locked>(std::move(session), query);
}

}  // namespace

extern const Kind kind_postgres_locked;
const Kind kind_postgres_locked = kind_of<Target>({
    .name = "postgres.locked",
    .about = "Whether a table cannot be read because of a lock, told by reading it.",
    .dose_unit = "reads that had to wait",
    .every = milliseconds(5),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
