// queue.flood: a queue gets more messages than its readers are used to, as when a producer loops
// or a backlog is replayed.
//
// Three kinds of queue: a Redis list, a NATS subject, and an HTTP endpoint that takes messages by
// POST. The load is that of http.flood: open, on an absolute grid, bounded. What was handed in
// stays with the queue or with its readers, so a scenario must accept that in writing.
#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/queue_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

struct Flood : QueuePlace {
  std::string message = R"({"id": 1, "from": "squall"})";
  Rate rate{100};
  std::int64_t concurrency = 4;
  std::int64_t count = 10'000;
  Share invalid;
  Duration timeout = seconds(1);
};

const param::Table<Flood> table{with_queue<Flood>({
    param::field("message", &Flood::message, {.about = "What each message says."}),
    param::field("rate", &Flood::rate,
                 {.about = "How many messages become due.",
                  .min = Rate{10},
                  .max = Rate{1e6},
                  .typical_low = Rate{50},
                  .typical_high = Rate{5000}}),
    param::field("concurrency", &Flood::concurrency,
                 {.about = "Over so many connections at most.",
                  .min = 1,
                  .max = 1000,
                  .typical_low = 1,
                  .typical_high = 32}),
    param::field("count", &Flood::count,
                 {.about = "After so many the flood is over, even when its time is not.",
                  .min = 1,
                  .max = 100'000'000}),
    param::field("invalid", &Flood::invalid,
                 {.about = "The part that is poison, each message decided for itself; see "
                           "queue.poison.",
                  .min = Share{0},
                  .max = Share{1},
                  .typical_low = Share{0},
                  .typical_high = Share{0.3}}),
    param::field("timeout", &Flood::timeout,
                 {.about = "How long an acknowledgement may take.",
                  .min = milliseconds(10),
                  .max = minutes(1)}),
})};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("a queue that takes messages from this host")};
}

Status check(const Flood& flood) {
  return check_queue(flood);
}

Wants wants(const Flood&) {
  return {};
}

Result<Strike> plan(const Flood& flood, const Facts&, const Choices& choices,
                    std::uint64_t ordinal) {
  json::object request = flood_of(flood, flood.message);
  request["rate"] = render(flood.rate);
  request["connections"] = flood.concurrency;
  request["count"] = flood.count;
  request["timeout"] = render(flood.timeout);
  request["invalid"] = render(flood.invalid);
  // One bit less, so that it is a number in JSON.
  request["seed"] = static_cast<std::int64_t>(choices.bits("", "load", ordinal) >> 1);
  return Strike{.changes = {{"traffic.flood", std::move(request)}},
                .watches = {arrivals_at(flood, flood.rate)},
                .target = describe(flood)};
}

}  // namespace

extern const Kind kind_queue_flood;
const Kind kind_queue_flood = kind_of<Flood>({
    .name = "queue.flood",
    .summary = "A queue gets many more messages than its readers are used to.",
    .mechanism =
        "An open-loop generator hands messages in on an absolute grid of instants: RPUSH or LPUSH "
        "to a Redis list, PUB to a NATS subject with an acknowledgement of each (verbose), POST to "
        "an HTTP endpoint. Bounded by `count`, by the time of the fault and by 60 min. The end of "
        "the change says how many were sent, taken and refused, and how late.",
    .undo =
        "The sending process is ended; it is tied to the guardian's life, so nothing is sent when "
        "squall dies. What was handed in stays in the queue or with its readers.",
    .limits =
        "No TLS, no JetStream acknowledgements, no Redis Cluster redirection. One message over and "
        "over. The witness of Redis counts pushes to all its lists together, that of an HTTP "
        "endpoint segments. When the queue cannot take half of the rate asked for, the run is "
        "invalid.",
    .accuracy =
        "100, 1000 and 10 000 messages/s asked of a Redis list and of a NATS subject: within 0.2 % "
        "by the server's own count over 2 s, 99 % of them sent within 5 ms of their time, while "
        "other work kept every core busy.",
    .irreversible = "messages that were handed in stay in the queue or with its readers",
    .example = R"({"queue": "redis", "port": 6379, "to": "jobs", "rate": "500 /s",
                   "invalid": "5 %"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
