// postgres.dropped: sees whether the sessions that were there when it was opened have ended.
//
// They are known by their process and the time at which they began, so that a client which connects
// anew is not taken for the one before. On means that as many are gone as should be.
#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "net/postgres.h"
#include "witness/typed.h"

namespace squall::witness {
namespace {

struct Target : param::PostgresPlace {
  std::string of_database;
  std::string of_user;
  std::string of_application;
  std::int64_t at_most = 1;
};

const param::Table<Target> table{param::with_postgres<Target>({
    param::field("of_database", &Target::of_database, {.about = "Only of this database."}),
    param::field("of_user", &Target::of_user, {.about = "Only of this user."}),
    param::field("of_application", &Target::of_application,
                 {.about = "Only of applications of this name, as LIKE has it."}),
    param::field("at_most", &Target::at_most,
                 {.about = "How many of them should go.", .required = true, .min = 1}),
})};

constexpr Duration limit = seconds(1);

using Names = std::vector<std::string>;

Result<Names> sessions(net::Postgres& session, const Target& target) {
  sys::Patience patience(limit);
  const net::PostgresRows rows =
      TRY(session.query("SELECT concat(pid, ' ', backend_start) FROM pg_stat_activity"
                        " WHERE coalesce(backend_type, 'client backend') = 'client backend'"
                        " AND datname IS NOT NULL AND application_name NOT LIKE 'squall%'"
                        " AND ($1 = '' OR datname = $1) AND ($2 = '' OR usename = $2)"
                        " AND ($3 = '' OR application_name LIKE $3)",
                        {target.of_database, target.of_user, target.of_application}, patience));
  Names names;
  for (const auto& row : rows.rows) names.push_back(row.at(0).value_or(""));
  return names;
}

class Dropped final : public Witness {
 public:
  Dropped(Target target, net::Postgres session, Names before)
      : target_(std::move(target)), session_(std::move(session)), before_(std::move(before)) {}

  Result<Sighting> look() override {
    const Names now = TRY(sessions(session_, target_));
    const auto gone = std::count_if(before_.begin(), before_.end(), [&](const std::string& one) {
      return std::find(now.begin(), now.end(), one) == now.end();
    });
    const auto wanted = std::min<std::int64_t>(target_.at_most, std::ssize(before_));
    return Sighting{.on = gone >= wanted,
                    .dose = static_cast<double>(gone),
                    .detail = fmt::format("{} of {} sessions are gone", gone, before_.size())};
  }

 private:
  Target target_;
  net::Postgres session_;
  Names before_;
};

Result<std::unique_ptr<Witness>> open(const Target& target) {
  sys::Patience patience(limit);
  net::Postgres session = TRY(net::Postgres::open(target, "squall-witness", patience));
  Names before = TRY(sessions(session, target));
  if (before.empty()) {
    return error(
        Code::not_found, "there is no session that could be dropped",
        "look at pg_stat_activity: of_database, of_user and of_application must all match");
  }
  return std::make_unique<Dropped>(target, std::move(session), std::move(before));
}

}  // namespace

extern const Kind kind_postgres_dropped;
const Kind kind_postgres_dropped = kind_of<Target>({
    .name = "postgres.dropped",
    .about = "Whether the sessions that were there at the start have ended.",
    .dose_unit = "sessions",
    .every = milliseconds(10),
    .sees_end = false,
    .table = &table,
    .open = open,
});

}  // namespace squall::witness
