// queue.poison: a queue holds messages that its readers should not trip over: broken JSON, wrong
// types, broken encodings, empty and huge ones.
//
// A sound reader sets each aside and goes on; a naive one dies of it, is started again, takes the
// same message, and dies again. In a Redis list the messages that nobody has taken are removed at
// the end, by their value. What was published to NATS cannot be taken back, and neither can what a
// reader made of a message, so a scenario must accept that in writing.
#include "core/poison.h"

#include <algorithm>

#include <fmt/core.h>

#include "core/text.h"
#include "faults/needs.h"
#include "faults/queue_place.h"
#include "faults/typed.h"

namespace squall::fault {
namespace {

enum class Side { right, left };

struct Poison : QueuePlace {
  std::int64_t messages = 10;
  std::string good = R"({"id": 1, "name": "x"})";
  Side side = Side::right;
  Rate rate{50};
};

const param::Table<Poison> table{with_queue<Poison>({
    param::field("messages", &Poison::messages,
                 {.about = "How many; the forms are taken in turn.",
                  .min = 1,
                  .max = 1000,
                  .typical_low = 1,
                  .typical_high = 20}),
    param::field("good", &Poison::good,
                 {.about = "A good message, a JSON object; each of its members is sent with a "
                           "wrong type, and not at all."}),
    param::choice("side", &Poison::side, {{"right", Side::right}, {"left", Side::left}},
                  "At which end of a Redis list."),
    param::field("rate", &Poison::rate,
                 {.about = "How many become due; a Redis list gets all of them at once.",
                  .min = Rate{1},
                  .max = Rate{1000}}),
})};

// Half a second is as long as the witness looks back.
constexpr double windows_a_second = 2;

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("a queue that takes messages from this host")};
}

Status check(const Poison& poison) {
  TRY_VOID(check_queue(poison));
  if (poison.queue == QueueProtocol::http) {
    return error(Code::invalid, "queue: an HTTP endpoint is not poisoned but asked",
                 "use http.malformed, which counts how it answers");
  }
  if (poison.queue == QueueProtocol::redis) {
    TRY_VOID(poison_portions(
        {.good = poison.good, .families = poison.families, .messages = poison.messages}));
  }
  return ok();
}

Wants wants(const Poison&) {
  return {};
}

Strike plan_redis(const Poison& poison) {
  json::object watch = param::place_of(poison);
  watch["list"] = poison.to;
  watch["good"] = poison.good;
  watch["families"] = param::Codec<std::vector<std::string>>::render(poison.families);
  watch["messages"] = poison.messages;
  json::object request = watch;
  request["side"] = poison.side == Side::left ? "left" : "right";
  return Strike{.changes = {{"redis.messages", std::move(request)}},
                .watches = {{"redis.poisoned", std::move(watch)}},
                .target = describe(poison)};
}

Result<Strike> plan(const Poison& poison, const Facts&, const Choices&, std::uint64_t) {
  if (poison.queue == QueueProtocol::redis) return plan_redis(poison);
  json::object request = flood_of(poison, poison.good);
  request["rate"] = render(poison.rate);
  request["connections"] = 1;
  request["count"] = poison.messages;
  request["invalid"] = render(Share{1});
  const double seen = static_cast<double>(poison.messages) * windows_a_second;
  return Strike{.changes = {{"traffic.flood", std::move(request)}},
                .watches = {arrivals_at(poison, Rate{std::min(poison.rate.per_second, seen)})},
                .target = describe(poison)};
}

}  // namespace

extern const Kind kind_queue_poison;
const Kind kind_queue_poison = kind_of<Poison>({
    .name = "queue.poison",
    .summary = "A queue holds messages that its readers should not trip over.",
    .mechanism =
        "Malformed messages are made from a good one: JSON cut off, twice, too deep or none at "
        "all, wrong types, members missing, broken UTF-8, NUL bytes, a message of 256 KiB, script "
        "and SQL in a text. A Redis list gets them in one push, a NATS subject one after the other "
        "with an acknowledgement of each.",
    .undo =
        "Those that still lie in the Redis list are removed by their value, as many as there are "
        "more than before; that is on record, so it is done even after a crash of all of squall, "
        "and waits for a Redis that is down. What was published to NATS has been handed out and "
        "stays. What a reader made of a message it took stays in any case.",
    .limits =
        "A message of the target's own with the very same bytes, handed in meanwhile, can be "
        "removed in place of one of ours. Finding them takes Redis as long as its list is "
        "(LPOS). A password must stand in a file that stays, since an undo after a crash must be "
        "able to read it. No TLS, no JetStream.",
    .irreversible = "what a reader makes of a message that it took cannot be taken back",
    .example = R"({"queue": "redis", "port": 6379, "to": "jobs", "messages": 5,
                   "families": ["json", "types"]})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
