// postgres.sessions: serves sessions of a PostgreSQL that are idle, hold a lock, or work.
//
// The server ends a session when its connection closes, and with it goes what it holds. A session
// that works would notice that only at its next word, so each asks the server to look whether we
// are still there (client_connection_check_interval, PostgreSQL 14), works in pieces of a fraction
// of a second, and has a statement_timeout in any case.
#include <algorithm>
#include <atomic>
#include <thread>

#include <fmt/core.h>

#include "core/text.h"
#include "net/postgres.h"
#include "reach/typed.h"

namespace squall::reach {
namespace {

enum class Work { idle, lock, busy };

struct Sessions : param::PostgresPlace {
  std::string application;
  std::int64_t sessions = 1;
  bool may_be_fewer = false;
  Work work = Work::idle;
  std::string relation;
};

const param::Table<Sessions> table{param::with_postgres<Sessions>({
    param::field("application", &Sessions::application,
                 {.about = "How they show in pg_stat_activity.", .required = true}),
    param::field("sessions", &Sessions::sessions, {.about = "How many.", .required = true}),
    param::field("may_be_fewer", &Sessions::may_be_fewer,
                 {.about = "When the server takes no more."}),
    param::choice("work", &Sessions::work,
                  {{"idle", Work::idle}, {"lock", Work::lock}, {"busy", Work::busy}},
                  "What they do."),
    param::field("relation", &Sessions::relation, {.about = "The table that is locked."}),
})};

constexpr Duration opening_limit = milliseconds(1700);
// How soon a session that was lost is missed, and one that works gets its next piece.
constexpr Duration refill_pause = milliseconds(50);
constexpr Duration piece_pause = milliseconds(5);
// Half a second of real work. It touches no table, and since the numbers come one
// by one, no file either.
constexpr std::string_view piece_of_work =
    "SELECT sum(sqrt(i) * ln(i + 1)) FROM (SELECT generate_series(1, 6000000) AS i) AS numbers";

class Holding final : public Serving {
 public:
  Holding(Sessions asked, std::vector<net::Postgres> open)
      : asked_(std::move(asked)), open_(std::move(open)) {
    opened_ = std::ssize(open_);
    thread_ = std::jthread([this](const std::stop_token& stop) { keep(stop); });
  }
  json::object facts() const override { return {{"sessions", opened_.load()}}; }
  bool is_intact() override { return is_intact_; }
  std::string finish() override {
    std::string text = fmt::format("held {} sessions at most", opened_.load());
    if (pieces_ > 0) text += fmt::format(", which did {} pieces of work", pieces_.load());
    return text;
  }

 private:
  // A session that was ended by somebody else is replaced where the place is to be kept full; a
  // lock that is lost is not taken again behind anybody's back.
  void keep(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      std::erase_if(open_, [](net::Postgres& one) { return !one.is_alive(); });
      if (asked_.work == Work::busy) {
        for (net::Postgres& one : open_) work_on(one);
      }
      const bool is_short = std::ssize(open_) < asked_.sessions;
      if (asked_.work == Work::lock && is_short) {
        is_intact_ = false;
        return;
      }
      if (is_short) refill(stop);
      sys::Patience(asked_.work == Work::busy ? piece_pause : refill_pause, stop).wait({});
    }
  }
  void work_on(net::Postgres& one) {
    const Result<bool> answered = one.is_answered();
    if (!answered.ok() || !*answered) return;
    if (one.take().ok()) ++pieces_;
    static_cast<void>(one.send(std::string(piece_of_work)).ok());
  }
  void refill(const std::stop_token& stop);

  Sessions asked_;
  std::vector<net::Postgres> open_;
  std::atomic<std::int64_t> opened_{0};
  std::atomic<std::int64_t> pieces_{0};
  std::atomic<bool> is_intact_{true};
  std::jthread thread_;  // last: it uses the members above
};

Status prepare(net::Postgres& session, const Sessions& asked, sys::Patience& patience) {
  if (asked.work == Work::idle) return ok();
  // Older servers do not know it; the timeout is there for them.
  static_cast<void>(session.query("SET client_connection_check_interval = 100", {}, patience).ok());
  if (asked.work == Work::busy) {
    TRY_VOID(session.query("SET statement_timeout = 5000", {}, patience));
    return session.send(std::string(piece_of_work));
  }
  TRY_VOID(session.query("SET lock_timeout = 1000", {}, patience));
  TRY_VOID(session.query("BEGIN", {}, patience));
  const std::string doing = fmt::format("locking {}", quote(asked.relation));
  // The server reads the name as it would in a statement, and returns it so that it can be read.
  const net::PostgresRows name =
      TRY(session.query("SELECT $1::regclass::text", {asked.relation}, patience), doing);
  TRY_VOID(session.query(fmt::format("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE", name.first()), {},
                         patience),
           doing);
  return ok();
}

Result<net::Postgres> open_one(const Sessions& asked, sys::Patience& patience) {
  net::Postgres session = TRY(net::Postgres::open(asked, asked.application, patience));
  TRY_VOID(prepare(session, asked, patience));
  return session;
}

void Holding::refill(const std::stop_token& stop) {
  while (std::ssize(open_) < asked_.sessions) {
    sys::Patience patience(seconds(1), stop);
    Result<net::Postgres> one = open_one(asked_, patience);
    if (!one.ok()) return;
    open_.push_back(std::move(*one));
    opened_ = std::max(opened_.load(), static_cast<std::int64_t>(std::ssize(open_)));
  }
}

Result<std::unique_ptr<Serving>> serve(const Sessions& asked) {
  sys::Patience patience(opening_limit);
  std::vector<net::Postgres> open;
  while (std::ssize(open) < asked.sessions) {
    Result<net::Postgres> one = open_one(asked, patience);
    if (one.ok()) {
      open.push_back(std::move(*one));
      continue;
    }
    const bool is_full = net::sqlstate_of(one.error()) == "53300";
    const bool is_late = one.error().code == Code::timed_out;
    if (!open.empty() && asked.may_be_fewer && (is_full || is_late)) break;
    return std::move(one).error().while_doing(
        fmt::format("opening session {} of {}", open.size() + 1, asked.sessions));
  }
  return std::make_unique<Holding>(asked, std::move(open));
}

}  // namespace

extern const Verb verb_postgres_sessions;
const Verb verb_postgres_sessions = {
    .name = "postgres.sessions",
    .about = "holds sessions of a PostgreSQL that are idle, hold a lock, or work",
    .table = &table,
    .serve = serve_with<table, serve>,
};

}  // namespace squall::reach
