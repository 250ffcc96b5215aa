// redis.messages: malformed messages lie in a Redis list.
//
// Journaled: how many of each value lay there before is on record. The undo removes as many of each
// value as there are more now, at most as many as were pushed, from the end at which they were
// pushed. A message that somebody took out meanwhile is gone, and what the taker made of it stays.
// A Redis may keep its lists on disk, so a restart or a reboot does not end the change.
//
// Which messages they are is told by the good one that they are made from (core/poison.h), so that
// neither the journal nor a channel has to hold them.
#include <algorithm>

#include <fmt/core.h>

#include "change/reach.h"
#include "change/typed.h"
#include "core/poison.h"
#include "core/text.h"
#include "param/service_place.h"

namespace squall::change {
namespace {

enum class Side { left, right };

struct RedisMessages : param::ServicePlace {
  RedisMessages() { port = 6379; }
  std::string list;
  Side side = Side::right;
  std::string good;
  std::vector<std::string> families;
  std::int64_t messages = 1;
};

const param::Table<RedisMessages> table{param::with_place<RedisMessages>({
    param::field("list", &RedisMessages::list, {.about = "The key of the list.", .required = true}),
    param::choice("side", &RedisMessages::side, {{"right", Side::right}, {"left", Side::left}},
                  "At which end they are pushed."),
    param::field("good", &RedisMessages::good, {.about = "What they are made from."}),
    param::field("families", &RedisMessages::families, {.about = "Which forms; none means all."}),
    param::field("messages", &RedisMessages::messages, {.about = "How many.", .required = true}),
})};

constexpr Duration limit = seconds(1);

Result<std::vector<PoisonPortion>> portions_of(const RedisMessages& params) {
  return poison_portions(
      {.good = params.good, .families = params.families, .messages = params.messages});
}

Result<Footprint> footprint(const RedisMessages& params) {
  Footprint touched;
  for (const PoisonPortion& portion : TRY(portions_of(params))) {
    touched.demand.memory.count += portion.bytes.size() * static_cast<std::uint64_t>(portion.count);
  }
  if (params.password.reference.starts_with("${file:/proc/")) {
    return error(Code::invalid, "password: an undo after a crash could not read it any more",
                 "put it into a file that stays, and name that: \"${file:/etc/...}\"");
  }
  touched.resources = {fmt::format("redis {}:{} {} list {}", params.host, params.port,
                                   params.network_namespace, params.list)};
  return touched;
}

json::object request_for(const RedisMessages& params) {
  json::object request = param::place_of(params);
  request["list"] = params.list;
  request["at_left"] = params.side == Side::left;
  request["good"] = params.good;
  request["families"] = param::Codec<std::vector<std::string>>::render(params.families);
  request["messages"] = params.messages;
  return request;
}

Result<json::object> count(const RedisMessages& params) {
  return reach_call("redis.count_messages", request_for(params), limit);
}

Result<json::object> apply(const RedisMessages& params, const json::object&) {
  return reach_call("redis.push_messages", request_for(params), limit);
}

struct Left {
  std::vector<std::string> counts;  // of each value
  std::int64_t sum = 0;
};

// What still lies there of ours.
Result<Left> look(const RedisMessages& params, const json::object& before) {
  const std::vector<PoisonPortion> portions = TRY(portions_of(params));
  // A Redis that is down may have the list on its disk, so its undo waits until it is back.
  const json::object now = TRY(count(params), "looking for what is left of the messages");
  const json::array* counts = array_at(now, "counts");
  const json::array* old = array_at(before, "counts");
  if (counts == nullptr || old == nullptr || counts->size() != portions.size() ||
      old->size() != portions.size()) {
    return error(Code::failed, "the messages are not told");
  }
  Left left;
  for (std::size_t i = 0; i < portions.size(); ++i) {
    const std::int64_t* found = counts->at(i).if_int64();
    const std::int64_t* was = old->at(i).if_int64();
    if (found == nullptr || was == nullptr) return error(Code::failed, "a count is no number");
    const std::int64_t ours = std::clamp<std::int64_t>(*found - *was, 0, portions[i].count);
    left.counts.push_back(std::to_string(ours));
    left.sum += ours;
  }
  return left;
}

Result<Presence> verify(const RedisMessages& params, const json::object& before) {
  return TRY(look(params, before))
  .sum > 0 ? Presence::in_force : Presence::absent;
}

Result<Reverted> revert(const RedisMessages& params, const json::object& before) {
  const Left left = TRY(look(params, before));
  if (left.sum == 0) return Reverted{Ending::was_absent, "none of the messages is left"};
  json::object request = request_for(params);
  request["counts"] = param::Codec<std::vector<std::string>>::render(left.counts);
  TRY(reach_call("redis.remove_messages", request, limit));
  if (left.sum == params.messages) return Reverted{};
  return Reverted{Ending::restored, fmt::format("{} of {} messages had been taken out already",
                                                params.messages - left.sum, params.messages)};
}

std::string describe(const RedisMessages& params) {
  return fmt::format("push {} malformed messages to the list {} of the Redis at {}:{}",
                     params.messages, quote(params.list), printable(params.host), params.port);
}

std::string undo(const RedisMessages&) {
  return "remove those that still lie there, by their value; what somebody took out is gone";
}

}  // namespace

extern const Kind kind_redis_messages;
const Kind kind_redis_messages = make_kind<RedisMessages>({
    .name = "redis.messages",
    .about = "Malformed messages lie in a Redis list.",
    .keeping = Keeping::journaled,
    .survives_reboot = true,
    .table = &table,
    .footprint = footprint,
    .capture = count,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
