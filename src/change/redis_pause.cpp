// redis.pause: a whole Redis answers nobody, or takes no writes.
//
// Held: squall-reach keeps a connection on which it renews a pause of a few milliseconds again and
// again (reach/redis/pause.cpp). When the connection closes, by whatever squall ended, the last
// piece lapses by itself at the next tick of Redis' clock; in an orderly end the verb ends it at
// once. `revert` has nothing to take back; it waits for an answer, so that what is called undone is
// undone.
#include <fmt/core.h>

#include "change/reach.h"
#include "change/typed.h"
#include "core/text.h"
#include "param/service_place.h"

namespace squall::change {
namespace {

enum class Mode { all, write };

struct RedisPause : param::ServicePlace {
  RedisPause() { port = 6379; }
  Mode mode = Mode::all;
};

const param::Table<RedisPause> table{param::with_place<RedisPause>({
    param::choice("mode", &RedisPause::mode, {{"all", Mode::all}, {"write", Mode::write}},
                  "Which commands are held back."),
})};

constexpr Duration hold_limit = milliseconds(1900);
// A second is the longest tick that Redis' clock can be set to.
constexpr Duration lapse_limit = milliseconds(1100);

Result<Footprint> footprint(const RedisPause& params) {
  // A pause keeps others out of the port as a packet filter would, so the same gates judge it.
  Footprint touched{.cuts = {{.network_namespace = params.network_namespace,
                              .peer = params.host == "localhost" ? "127.0.0.1" : params.host,
                              .local_port = static_cast<int>(params.port),
                              .protocol = "tcp"}}};
  touched.resources = {
      fmt::format("redis {}:{} {} pause", params.host, params.port, params.network_namespace)};
  touched.demand = {.memory = Bytes{8 << 20}, .descriptors = 8, .processes = 3};
  return touched;
}

Result<json::object> capture(const RedisPause&) {
  return json::object{};
}

Result<std::unique_ptr<Held>> hold(const RedisPause& params, const json::object&) {
  json::object request = param::place_of(params);
  request["mode"] = params.mode == Mode::all ? "ALL" : "WRITE";
  return reach_hold("redis.pause", request, hold_limit);
}

Result<Presence> verify(const RedisPause&, const json::object& before) {
  const sys::ProcessId holder{integer_at(before, "holder_pid"),
                              static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
  return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
}

// A Redis that does not answer now does so for reasons that are not ours: no pause outlasts the
// limit.
Result<Reverted> revert(const RedisPause& params, const json::object&) {
  json::object request = param::place_of(params);
  request["password"] = "";  // any reply will do, also that a login is wanted
  request["limit"] = render(lapse_limit - milliseconds(100));
  if (reach_call("redis.await", request, lapse_limit).ok()) return Reverted{};
  return Reverted{.detail = "the pause has lapsed, but Redis does not answer"};
}

std::string describe(const RedisPause& params) {
  return fmt::format("hold back {} of the Redis at {}:{}",
                     params.mode == Mode::all ? "every command" : "the writes",
                     printable(params.host), params.port);
}

std::string undo(const RedisPause&) {
  return "no longer renew the pause and end it; it lapses by itself within a tick of Redis' clock "
         "when squall dies";
}

}  // namespace

extern const Kind kind_redis_pause;
const Kind kind_redis_pause = make_kind<RedisPause>({
    .name = "redis.pause",
    .about = "A whole Redis answers nobody, or takes no writes.",
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
