// redis.pause: a whole Redis answers nobody, as when it forks for a snapshot, swaps, or is told to
// wait by a failover.
//
// The process is untouched: connections are taken, commands are read and held back, and carried out
// when the pause is over. Nothing is lost by it. The pause is a lease: pieces of a few milliseconds
// which are renewed, and lapse by themselves when squall is gone.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/service_place.h"

namespace squall::fault {
namespace {

enum class Mode { all, write };

struct Pause : param::ServicePlace {
  Pause() { port = 6379; }
  Mode mode = Mode::all;
};

const param::Table<Pause> table{param::with_place<Pause>({
    param::choice("mode", &Pause::mode, {{"all", Mode::all}, {"write", Mode::write}},
                  "all: every command waits; write: only those that could write."),
})};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("a Redis that may be told CLIENT PAUSE: version 3, for mode write 6.2")};
}

Wants wants(const Pause&) {
  return {};
}

Result<Strike> plan(const Pause& pause, const Facts&, const Choices&, std::uint64_t) {
  json::object request = param::place_of(pause);
  request["mode"] = pause.mode == Mode::all ? "all" : "write";
  return Strike{.changes = {{"redis.pause", request}},
                .watches = {{"redis.silent", request}},
                .target = fmt::format("Redis at {}:{}", printable(pause.host), pause.port)};
}

}  // namespace

extern const Kind kind_redis_pause;
const Kind kind_redis_pause = kind_of<Pause>({
    .name = "redis.pause",
    .summary = "A whole Redis holds back every command, or every write, and answers later.",
    .mechanism =
        "CLIENT PAUSE for 20 ms, renewed without a gap over one connection: the next one always "
        "waits in the server as the first of the commands held back. Clients stay connected and "
        "wait; those with a timeout give up.",
    .undo =
        "The pause is no longer renewed and ended (CLIENT UNPAUSE, from Redis 6.2 on). If squall "
        "dies or the network between them fails, its last piece lapses by itself within one tick "
        "of Redis' clock (`hz`; 100 ms unless set otherwise). What was held back is then carried "
        "out.",
    .limits =
        "Replicas and their stream are not held back. To make the process itself stand still, so "
        "that not even connections are taken in, use process.pause. A client that gave up may have "
        "its command carried out all the same afterwards. No TLS.",
    .example = R"({"port": 6379, "mode": "all", "password": "${file:/etc/squall/redis-password}"})",
    .table = &table,
    .needs = needs,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
