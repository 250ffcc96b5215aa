// postgres.busy: sees whether more sessions of a PostgreSQL compute than before.
//
// It asks pg_stat_activity which sessions have been running a statement for a while and wait for
// nothing, over a connection that was open before the fault. One that only sleeps or waits for a
// lock shows what it waits for and does not count; nor does a query that is over in a moment. The
// probes of squall itself are left out, for a busy host may keep even those in the middle for long.
#include <algorithm>

#include <fmt/core.h>

#include "net/postgres.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::PostgresPlace {
  std::int64_t sessions = 1;
};

const param::Table<Target> table{param::with_postgres<Target>({
    param::field("sessions", &Target::sessions,
                 {.about = "How many should compute on top.", .required = true, .min = 1}),
})};

constexpr Duration limit = seconds(2);
constexpr double share_of_asked = 0.5;
constexpr Duration a_while = milliseconds(50);
constexpr std::string_view computing =
    "SELECT count(*) FROM pg_stat_activity WHERE state = 'active' AND wait_event IS NULL"
    " AND backend_type = 'client backend' AND pid <> pg_backend_pid()"
    " AND application_name NOT IN ('squall', 'squall-probe', 'squall-witness')"
    " AND clock_timestamp() - query_start > $1::int * interval '1 ms'";

Result<std::int64_t> count(net::Postgres& session) {
  sys::Patience patience(limit);
  const net::PostgresRows rows = TRY(session.query(
      std::string(computing), {std::to_string(a_while.poll_milliseconds())}, patience));
  return rows.number();
}

class Busy final : public Witness {
 public:
  Busy(const Target& target, net::Postgres session, std::int64_t before)
      : needed_(share_of_asked * static_cast<double>(target.sessions)),
        session_(std::move(session)),
        before_(before) {}

  Result<Sighting> look() override {
    const std::int64_t now = TRY(count(session_));
    const double added = static_cast<double>(std::max<std::int64_t>(now - before_, 0));
    return Sighting{.on = added >= needed_,
                    .dose = added,
                    .detail = fmt::format("{} sessions compute, {} before", now, before_),
                    .oldest = a_while};
  }

 private:
  double needed_;
  net::Postgres session_;
  std::int64_t before_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(limit);
  net::Postgres session = TRY(net::Postgres::open(target, "squall-witness", patience));
  std::int64_t before = 0;
  for (int i = 0; i < 5; ++i) before = std::max(before, TRY(count(session)));
  return std::make_unique<Busy>(target, std::move(session), before);
}

}  // namespace

extern const Kind kind_postgres_busy;
const Kind kind_postgres_busy = kind_of<Target>({
    .name = "postgres.busy",
    .about = "Whether more sessions compute than before, told by what they wait for.",
    .dose_unit = "computing sessions",
    .every = milliseconds(10),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
