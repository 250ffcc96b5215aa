// redis.settings: settings of a running Redis have other values (CONFIG SET).
//
// Journaled: the values before are on record, with the run_id of the server. They live in the
// memory of that process only; when it is gone, and so another run_id or nobody answers, the change
// is gone with it. A setting that somebody else changed meanwhile is left as it is.
//
// Only settings that lose nothing by being changed and changed back may be named. The password must
// be readable for an undo after a crash of everything, so it is named by a file that stays.
#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "change/reach.h"
#include "change/typed.h"
#include "core/text.h"
#include "param/service_place.h"
#include "param/text_map_codec.h"

namespace squall::change {
namespace {

struct RedisSettings : param::ServicePlace {
  RedisSettings() { port = 6379; }
  param::TextMap settings;
};

const param::Table<RedisSettings> table{param::with_place<RedisSettings>({
    param::field("settings", &RedisSettings::settings,
                 {.about = "What they become, as CONFIG GET would say it.", .required = true}),
})};

constexpr Duration limit = seconds(1);
constexpr std::array<std::string_view, 4> allowed = {"maxmemory", "maxmemory-policy", "maxclients",
                                                     "slowlog-log-slower-than"};

Result<Footprint> footprint(const RedisSettings& params) {
  if (params.settings.empty()) return error(Code::invalid, "settings: none is named");
  if (params.password.reference.starts_with("${file:/proc/")) {
    return error(Code::invalid, "password: an undo after a crash could not read it any more",
                 "put it into a file that stays, and name that: \"${file:/etc/...}\"");
  }
  Footprint touched;
  for (const auto& [name, value] : params.settings) {
    if (std::find(allowed.begin(), allowed.end(), name) == allowed.end()) {
      return error(Code::refused,
                   fmt::format("the setting {} of Redis is not changed", quote(name)),
                   "only maxmemory, maxmemory-policy, maxclients and slowlog-log-slower-than are");
    }
    touched.resources.push_back(
        fmt::format("redis {}:{} {} {}", params.host, params.port, params.network_namespace, name));
  }
  return touched;
}

json::object names_of(const RedisSettings& params) {
  json::object request = param::place_of(params);
  json::array names;
  for (const auto& [name, value] : params.settings) names.push_back(json::string(name));
  request["names"] = std::move(names);
  return request;
}

Result<json::object> capture(const RedisSettings& params) {
  return reach_call("redis.read_settings", names_of(params), limit);
}

Result<json::object> apply(const RedisSettings& params, const json::object&) {
  json::object request = param::place_of(params);
  request["settings"] = param::Codec<param::TextMap>::render(params.settings);
  return reach_call("redis.write_settings", request, limit);
}

struct Found {
  bool is_gone = false;             // with the process that had the settings
  json::object ours;                // name to the value that goes back
  std::vector<std::string> theirs;  // names of those that somebody else changed
};

Result<Found> look(const RedisSettings& params, const json::object& before) {
  const Result<json::object> now = reach_call("redis.read_settings", names_of(params), limit);
  const bool nobody_listens = !now.ok() && now.error().code == Code::refused &&
                              now.error().message.find("connection refused") != std::string::npos;
  if (nobody_listens) return Found{.is_gone = true};
  if (!now.ok()) return now.error();
  if (text_at(*now, "run_id") != text_at(before, "run_id")) return Found{.is_gone = true};
  const json::object* values = object_at(*now, "settings");
  const json::object* old = object_at(before, "settings");
  if (values == nullptr || old == nullptr) return error(Code::failed, "the settings are not told");
  Found found;
  for (const auto& [name, wanted] : params.settings) {
    const std::string value = text_at(*values, name);
    const std::string was = text_at(*old, name);
    if (value == was) continue;
    if (value == wanted) {
      found.ours[name] = json::string(was);
    } else {
      found.theirs.push_back(name);
    }
  }
  return found;
}

Result<Presence> verify(const RedisSettings& params, const json::object& before) {
  const Found found = TRY(look(params, before));
  if (!found.ours.empty()) return Presence::in_force;
  return found.theirs.empty() ? Presence::absent : Presence::foreign;
}

Result<Reverted> revert(const RedisSettings& params, const json::object& before) {
  const Found found = TRY(look(params, before));
  if (found.is_gone) return Reverted{Ending::gone, "that Redis has ended; a new one has its own"};
  if (!found.ours.empty()) {
    json::object request = param::place_of(params);
    request["settings"] = found.ours;
    TRY(reach_call("redis.write_settings", request, limit));
  }
  if (!found.theirs.empty()) {
    return Reverted{Ending::foreign, fmt::format("somebody else changed {} meanwhile",
                                                 list_words(found.theirs, "and"))};
  }
  return Reverted{found.ours.empty() ? Ending::was_absent : Ending::restored, ""};
}

std::string describe(const RedisSettings& params) {
  std::string text;
  for (const auto& [name, value] : params.settings) {
    text += fmt::format("{}{} to {}", text.empty() ? "" : ", ", printable(name), quote(value));
  }
  return fmt::format("set {} in the Redis at {}:{}", text, printable(params.host), params.port);
}

std::string undo(const RedisSettings&) {
  return "set the old values again; they are gone with the process if Redis ends";
}

}  // namespace

extern const Kind kind_redis_settings;
const Kind kind_redis_settings = make_kind<RedisSettings>({
    .name = "redis.settings",
    .about = "Settings of a running Redis have other values.",
    .keeping = Keeping::journaled,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .apply = apply,
    .verify = verify,
    .revert = revert,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
