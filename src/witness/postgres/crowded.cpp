// postgres.crowded: sees whether a PostgreSQL takes no more sessions, or has many more than before.
//
// Whether it is full is told by trying to get in: a refusal with SQLSTATE 53300 and nothing else
// counts. Where only a number of sessions is asked for, they are counted in pg_stat_activity over a
// connection that was open before the fault. It does not know whose sessions they are.
#include <algorithm>

#include <fmt/core.h>

#include "net/postgres.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::PostgresPlace {
  std::int64_t sessions = 0;
};

const param::Table<Target> table{param::with_postgres<Target>({
    param::field("sessions", &Target::sessions,
                 {.about = "How many should come on top; 0 means until no more get in.",
                  .required = true,
                  .min = 0}),
})};

constexpr Duration limit = seconds(1);
constexpr double share_of_asked = 0.8;

Result<std::int64_t> count(net::Postgres& session) {
  sys::Patience patience(limit);
  const net::PostgresRows rows =
      TRY(session.query("SELECT count(*) FROM pg_stat_activity WHERE datname IS NOT NULL"
                        " AND coalesce(backend_type, 'client backend') = 'client backend'",
                        {}, patience));
  return rows.number();
}

class Crowded final : public Witness {
 public:
  Crowded(Target target, net::Postgres session, std::int64_t before)
      : target_(std::move(target)), session_(std::move(session)), before_(before) {}

  Result<Sighting> look() override {
    const std::int64_t added = std::max<std::int64_t>(TRY(count(session_)) - before_, 0);
    Sighting sighting{.dose = static_cast<double>(added)};
    if (target_.sessions > 0) {
      const double needed = share_of_asked * static_cast<double>(target_.sessions);
      sighting.on = sighting.dose >= needed;
      sighting.detail = fmt::format("{} sessions more than before", added);
      return sighting;
    }
    sys::Patience patience(limit);
    const Result<net::Postgres> attempt = net::Postgres::open(target_, "squall-witness", patience);
    const std::string state = attempt.ok() ? "" : net::sqlstate_of(attempt.error());
    if (!attempt.ok() && state != "53300") return attempt.error();
    sighting.on = !attempt.ok();
    sighting.detail = attempt.ok() ? "one more session gets in" : attempt.error().message;
    return sighting;
  }

 private:
  Target target_;
  net::Postgres session_;
  std::int64_t before_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(limit);
  net::Postgres session = TRY(net::Postgres::open(target, "squall-witness", patience));
  const std::int64_t before = TRY(count(session));
  return std::make_unique<Crowded>(target, std::move(session), before);
}

}  // namespace

extern const Kind kind_postgres_crowded;
const Kind kind_postgres_crowded = kind_of<Target>({
    .name = "postgres.crowded",
    .about = "Whether a PostgreSQL takes no more sessions, told by trying to get in.",
    .dose_unit = "sessions",
    .every = milliseconds(20),
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
