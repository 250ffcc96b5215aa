// redis.read_settings and redis.write_settings: what CONFIG GET and CONFIG SET say, with the
// run_id of the server beside it, since settings are gone with the process that has them.
#include <fmt/core.h>

#include "core/text.h"
#include "param/text_map_codec.h"
#include "reach/redis/place.h"
#include "reach/typed.h"

namespace squall::reach {
namespace {

constexpr Duration limit = milliseconds(900);

struct Reading : RedisPlace {
  std::vector<std::string> names;
};

const param::Table<Reading> reading_table{param::with_place<Reading>({
    param::field("names", &Reading::names, {.about = "Of the settings.", .required = true}),
})};

Result<json::object> read_settings(const Reading& reading) {
  sys::Patience patience(limit);
  net::Redis redis = TRY(net::open_redis(reading, patience));
  std::vector<std::vector<std::string>> commands{{"INFO", "server"}};
  for (const std::string& name : reading.names) commands.push_back({"CONFIG", "GET", name});
  const std::vector<net::RedisReply> replies = TRY(redis.demand_all(commands, patience));
  json::object settings;
  for (std::size_t i = 0; i < reading.names.size(); ++i) {
    const std::string& name = reading.names[i];
    const net::RedisReply& reply = replies[i + 1];
    if (reply.items.size() != 2) {
      return error(Code::unsupported,
                   fmt::format("{} has no setting {}", redis.peer(), quote(name)));
    }
    settings[name] = json::string(reply.items[1].text);
  }
  return json::object{{"run_id", net::redis_info(replies[0].text, "run_id")},
                      {"settings", settings}};
}

struct Writing : RedisPlace {
  param::TextMap settings;
};

const param::Table<Writing> writing_table{param::with_place<Writing>({
    param::field("settings", &Writing::settings, {.about = "What they become.", .required = true}),
})};

// One by one: several at once came with Redis 7.
Result<json::object> write_settings(const Writing& writing) {
  sys::Patience patience(limit);
  net::Redis redis = TRY(net::open_redis(writing, patience));
  for (const auto& [name, value] : writing.settings) {
    TRY_VOID(redis.demand({"CONFIG", "SET", name, value}, patience));
  }
  return json::object{};
}

}  // namespace

extern const Verb verb_redis_read_settings;
const Verb verb_redis_read_settings = {
    .name = "redis.read_settings",
    .about = "reads settings of a running Redis",
    .table = &reading_table,
    .call = call_with<reading_table, read_settings>,
};

extern const Verb verb_redis_write_settings;
const Verb verb_redis_write_settings = {
    .name = "redis.write_settings",
    .about = "changes settings of a running Redis",
    .table = &writing_table,
    .call = call_with<writing_table, write_settings>,
};

}  // namespace squall::reach
