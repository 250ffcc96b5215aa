// redis.count_messages, redis.push_messages, redis.remove_messages: malformed messages (see
// core/poison.h) of a list, by their value.
#include <charconv>

#include <fmt/core.h>

#include "core/poison.h"
#include "core/text.h"
#include "reach/redis/place.h"
#include "reach/typed.h"

namespace squall::reach {
namespace {

constexpr Duration limit = milliseconds(900);

struct Messages : RedisPlace {
  std::string list;
  bool at_left = false;
  std::string good;
  std::vector<std::string> families;
  std::int64_t messages = 1;
  std::vector<std::string> counts;  // remove: how many of each
};

const param::Table<Messages> table{param::with_place<Messages>({
    param::field("list", &Messages::list, {.about = "The key.", .required = true}),
    param::field("at_left", &Messages::at_left, {.about = "At its left end; else at its right."}),
    param::field("good", &Messages::good, {.about = "What they are made from."}),
    param::field("families", &Messages::families, {.about = "Which forms; none means all."}),
    param::field("messages", &Messages::messages, {.about = "How many.", .required = true}),
    param::field("counts", &Messages::counts, {.about = "How many of each are removed."}),
})};

Result<std::vector<PoisonPortion>> portions_of(const Messages& params) {
  return poison_portions(
      {.good = params.good, .families = params.families, .messages = params.messages});
}

// How many of each there are, and how long the list is.
Result<json::object> count_messages(const Messages& params) {
  const std::vector<PoisonPortion> portions = TRY(portions_of(params));
  sys::Patience patience(limit);
  net::Redis redis = TRY(net::open_redis(params, patience));
  std::vector<std::vector<std::string>> commands{{"LLEN", params.list}};
  for (const PoisonPortion& portion : portions) {
    commands.push_back({"LPOS", params.list, portion.bytes, "COUNT", "0"});
  }
  const std::vector<net::RedisReply> replies = TRY(redis.demand_all(commands, patience));
  json::array counts;
  for (std::size_t i = 1; i < replies.size(); ++i) {
    counts.push_back(static_cast<std::int64_t>(replies[i].items.size()));
  }
  return json::object{{"counts", std::move(counts)}, {"length", replies[0].integer}};
}

// All in one command, so that there is no half.
Result<json::object> push_messages(const Messages& params) {
  const std::vector<PoisonPortion> portions = TRY(portions_of(params));
  sys::Patience patience(limit);
  net::Redis redis = TRY(net::open_redis(params, patience));
  std::vector<std::string> words{params.at_left ? "LPUSH" : "RPUSH", params.list};
  for (std::int64_t round = 1; round <= portions.front().count; ++round) {
    for (const PoisonPortion& portion : portions) {
      if (portion.count >= round) words.push_back(portion.bytes);
    }
  }
  const net::RedisReply length = TRY(redis.demand(words, patience));
  return json::object{{"length", length.integer}};
}

// Counted from the end at which they were pushed.
Result<json::object> remove_messages(const Messages& params) {
  const std::vector<PoisonPortion> portions = TRY(portions_of(params));
  if (params.counts.size() != portions.size()) {
    return error(Code::invalid, "counts: there is not one for each message");
  }
  sys::Patience patience(limit);
  net::Redis redis = TRY(net::open_redis(params, patience));
  std::vector<std::vector<std::string>> commands;
  for (std::size_t i = 0; i < portions.size(); ++i) {
    std::int64_t count = 0;
    const std::string& text = params.counts[i];
    std::from_chars(text.data(), text.data() + text.size(), count);
    if (count <= 0) continue;  // LREM would take 0 for all
    const std::string wanted = std::to_string(params.at_left ? count : -count);
    commands.push_back({"LREM", params.list, wanted, portions[i].bytes});
  }
  std::int64_t removed = 0;
  for (const net::RedisReply& reply : TRY(redis.demand_all(commands, patience))) {
    removed += reply.integer;
  }
  return json::object{{"removed", removed}};
}

}  // namespace

extern const Verb verb_redis_count_messages;
const Verb verb_redis_count_messages = {
    .name = "redis.count_messages",
    .about = "counts messages of a Redis list by their value",
    .table = &table,
    .call = call_with<table, count_messages>,
};

extern const Verb verb_redis_push_messages;
const Verb verb_redis_push_messages = {
    .name = "redis.push_messages",
    .about = "pushes messages to a Redis list",
    .table = &table,
    .call = call_with<table, push_messages>,
};

extern const Verb verb_redis_remove_messages;
const Verb verb_redis_remove_messages = {
    .name = "redis.remove_messages",
    .about = "removes messages of a Redis list by their value",
    .table = &table,
    .call = call_with<table, remove_messages>,
};

}  // namespace squall::reach
