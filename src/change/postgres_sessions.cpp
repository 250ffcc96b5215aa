// postgres.sessions: sessions of squall take places, hold a lock, or work in a PostgreSQL.
//
// Held: squall-reach keeps the sessions (reach/postgres/sessions.cpp). When their connections
// close, by whatever squall ended, the server ends them and releases what they held. `revert` takes
// nothing back; it waits until the server shows none of them any more, so that what is called
// undone is undone. They are known there by a name of their own.
#include <algorithm>

#include <fmt/core.h>
#include <unistd.h>

#include "change/reach.h"
#include "change/typed.h"
#include "core/text.h"
#include "param/postgres_place.h"
#include "sys/clock.h"

namespace squall::change {
namespace {

enum class Work { idle, lock, busy };

struct PostgresSessions : param::PostgresPlace {
  std::int64_t sessions = 1;
  bool may_be_fewer = false;
  Work work = Work::idle;
  std::string relation;
};

const std::vector<std::pair<std::string, Work>> works = {
    {"idle", Work::idle}, {"lock", Work::lock}, {"busy", Work::busy}};

const param::Table<PostgresSessions> table{param::with_postgres<PostgresSessions>({
    param::field("sessions", &PostgresSessions::sessions,
                 {.about = "How many.", .required = true, .min = 1, .max = 5000}),
    param::field("may_be_fewer", &PostgresSessions::may_be_fewer,
                 {.about = "Whether fewer will do when the server takes no more."}),
    param::choice("work", &PostgresSessions::work, works,
                  "idle: they take places; lock: one holds a table; busy: they compute."),
    param::field("relation", &PostgresSessions::relation, {.about = "The table that is locked."}),
})};

constexpr Duration hold_limit = milliseconds(1900);
constexpr Duration look_limit = milliseconds(1900);
constexpr Duration end_limit = seconds(3);
// What a session that does nothing costs the host of the server, and that of squall.
constexpr std::uint64_t session_memory = 4 << 20;
constexpr std::int64_t session_descriptors = 16;

Result<json::object> look(const PostgresSessions& params, const std::string& application) {
  json::object request = param::request_for(params);
  request["application"] = application;
  return reach_call("postgres.look", request, look_limit);
}

// The server is asked how many it will take, so that no more is reckoned with; and one that cannot
// be asked is known before anything is done.
Result<Footprint> footprint(const PostgresSessions& params) {
  Footprint touched;
  if (params.work == Work::lock) {
    if (params.relation.empty()) return error(Code::invalid, "relation: no table is named");
    touched.resources = {fmt::format("postgres {}:{} {} {} lock of {}", params.host, params.port,
                                     params.network_namespace, params.database, params.relation)};
  }
  const json::object shown = TRY(look(params, ""), "looking at the server");
  const std::int64_t room = std::max<std::int64_t>(integer_at(shown, "room"), 0);
  const std::int64_t sessions = std::min(params.sessions, room);
  // Each session is a process of the server, which may be on this host.
  touched.demand = {.memory = Bytes{static_cast<std::uint64_t>(sessions) * session_memory},
                    .descriptors = session_descriptors * (sessions + 1),
                    .processes = sessions + 3};
  if (params.work == Work::busy) touched.burnt_cores = static_cast<double>(sessions);
  return touched;
}

Result<json::object> capture(const PostgresSessions&) {
  return json::object{};
}

// Made from the holder's own identity, which is on record with the change.
std::string mark_of(const sys::ProcessId& holder) {
  return fmt::format("squall-{}-{}", holder.pid, holder.start_ticks);
}

Result<std::unique_ptr<Held>> hold(const PostgresSessions& params, const json::object&) {
  const sys::Process self = TRY(sys::read_process(::getpid()));
  json::object request = table.to_json(params);
  request["application"] = mark_of(self.id);
  return reach_hold("postgres.sessions", request, hold_limit);
}

sys::ProcessId holder_in(const json::object& before) {
  return {integer_at(before, "holder_pid"),
          static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
}

Result<Presence> verify(const PostgresSessions&, const json::object& before) {
  const sys::ProcessId holder = holder_in(before);
  return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
}

// A server that cannot be asked any more has no reason to keep sessions whose connections closed.
Result<Reverted> revert(const PostgresSessions& params, const json::object& before) {
  const sys::ProcessId holder = holder_in(before);
  if (holder.pid == 0) return Reverted{Ending::was_absent, ""};
  const std::string mark = mark_of(holder);
  const Duration deadline = sys::monotonic_now() + end_limit;
  while (true) {
    const Result<json::object> left = look(params, mark);
    // For a moment after they are closed their places are still taken.
    const bool is_full = !left.ok() && left.error().message.find("53300") != std::string::npos;
    if (!left.ok() && !is_full) {
      return Reverted{.detail = "the server could not be asked whether they are gone"};
    }
    if (left.ok() && integer_at(*left, "sessions") == 0) return Reverted{};
    if (sys::monotonic_now() >= deadline) {
      return error(Code::timed_out, "the server still shows the sessions",
                   "it ends them when it notices that their connections are closed");
    }
    sys::sleep_until(sys::monotonic_now() + milliseconds(5));
  }
}

std::string describe(const PostgresSessions& params) {
  const std::string server = param::describe(params);
  switch (params.work) {
    case Work::lock:
      return fmt::format("lock the table {} in the {}", quote(params.relation), server);
    case Work::busy:
      return fmt::format("compute in {} sessions of the {}", params.sessions, server);
    case Work::idle:
      break;
  }
  return fmt::format("take {}{} sessions of the {}", params.may_be_fewer ? "up to " : "",
                     params.sessions, server);
}

std::string undo(const PostgresSessions&) {
  return "close the connections: the server ends the sessions and releases what they hold, also "
         "when squall dies";
}

}  // namespace

extern const Kind kind_postgres_sessions;
const Kind kind_postgres_sessions = make_kind<PostgresSessions>({
    .name = "postgres.sessions",
    .about = "Sessions take places, hold a lock, or work in a PostgreSQL.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
