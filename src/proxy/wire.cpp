// A toxicity is a 32-bit number in the original: it is rounded to one, so that 0.1 comes back as
// 0.1 and not as more digits than were sent.
#include "proxy/wire.h"

#include <array>
#include <charconv>

#include <fmt/core.h>
#include <strings.h>

#include "proxy/gate.h"

namespace squall::proxy {
namespace {

constexpr std::size_t depth_max = 32;

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

// The last value under `key`, unless it is null.
const json::value* find(const json::object& object, std::string_view key) {
  const json::value* found = nullptr;
  for (const auto& [name, value] : object) {
    if (same_word(std::string_view(name.data(), name.size()), key) && !value.is_null()) {
      found = &value;
    }
  }
  return found;
}

Error wrong_type(std::string_view key, std::string_view wanted) {
  return error(Code::invalid, fmt::format("{} must be {}", key, wanted));
}

Status read(const json::object& object, std::string_view key, std::optional<std::string>& text) {
  const json::value* value = find(object, key);
  if (value == nullptr) return ok();
  if (!value->is_string()) return wrong_type(key, "a string");
  text = std::string(value->get_string());
  return ok();
}

Status read(const json::object& object, std::string_view key, std::optional<bool>& flag) {
  const json::value* value = find(object, key);
  if (value == nullptr) return ok();
  if (!value->is_bool()) return wrong_type(key, "true or false");
  flag = value->get_bool();
  return ok();
}

double round_to_float(double number) {
  std::array<char, 64> text{};
  const auto written =
      std::to_chars(text.data(), text.data() + text.size(), static_cast<float>(number));
  std::from_chars(text.data(), written.ptr, number);
  return number;
}

Status read(const json::object& object, std::string_view key, std::optional<double>& number) {
  const json::value* value = find(object, key);
  if (value == nullptr) return ok();
  boost::system::error_code code;
  const double plain = value->to_number<double>(code);
  if (code || plain > 3.4e38 || plain < -3.4e38) return wrong_type(key, "a number");
  number = round_to_float(plain);
  return ok();
}

Status read(const json::object& object, std::string_view key, std::optional<std::int64_t>& count) {
  const json::value* value = find(object, key);
  if (value == nullptr) return ok();
  boost::system::error_code code;
  const auto number = value->to_number<std::int64_t>(code);
  if (code || value->is_double() || number < 0)
    return wrong_type(key, "a whole number, not below 0");
  count = number;
  return ok();
}

Status read_ttl(const json::object& object, std::optional<std::int64_t>& ttl_ms) {
  TRY_VOID(read(object, "ttl", ttl_ms));
  if (ttl_ms.value_or(0) <= milliseconds_max) return ok();
  return wrong_type("ttl", "at most 31 days, in milliseconds");
}

Result<const json::object*> object_of(const json::value& value) {
  static const json::object nothing;
  if (value.is_null()) return &nothing;
  if (!value.is_object()) return error(Code::invalid, "an object is wanted");
  return &value.get_object();
}

}  // namespace

Result<json::value> read_body(std::string_view body) {
  json::parse_options options;
  options.max_depth = depth_max;
  json::stream_parser parser(json::storage_ptr(), options);
  boost::system::error_code code;
  parser.write_some(body.data(), body.size(), code);
  // A number at the very end may go on, until the end is known.
  if (!code && !parser.done()) parser.finish(code);
  if (code) return error(Code::invalid, body.empty() ? "EOF" : code.message());
  return parser.release();
}

Result<ProxyWords> read_proxy(const json::value& value) {
  const json::object& object = *TRY(object_of(value));
  ProxyWords words;
  TRY_VOID(read(object, "name", words.name));
  TRY_VOID(read(object, "listen", words.listen));
  TRY_VOID(read(object, "upstream", words.upstream));
  TRY_VOID(read(object, "enabled", words.enabled));
  TRY_VOID(read_ttl(object, words.ttl_ms));
  return words;
}

Result<std::vector<ProxyWords>> read_proxies(const json::value& value) {
  std::vector<ProxyWords> all;
  if (value.is_null()) return all;
  if (!value.is_array()) return error(Code::invalid, "an array is wanted");
  for (const json::value& one : value.get_array()) all.push_back(TRY(read_proxy(one)));
  return all;
}

Result<ToxicWords> read_toxic(const json::value& value) {
  const json::object& object = *TRY(object_of(value));
  ToxicWords words;
  TRY_VOID(read(object, "name", words.name));
  TRY_VOID(read(object, "type", words.type));
  TRY_VOID(read(object, "stream", words.stream));
  TRY_VOID(read(object, "toxicity", words.toxicity));
  TRY_VOID(read(object, "after", words.after));
  if (words.after.value_or("").size() > after_max) {
    return wrong_type("after", fmt::format("at most {} bytes", after_max));
  }
  TRY_VOID(read(object, "first", words.first));
  TRY_VOID(read(object, "every", words.every));
  TRY_VOID(read_ttl(object, words.ttl_ms));
  const json::value* attributes = find(object, "attributes");
  if (attributes == nullptr) return words;
  if (!attributes->is_object()) return wrong_type("attributes", "an object");
  words.attributes = attributes->get_object();
  return words;
}

std::optional<Stream> read_stream(std::string_view text) {
  if (same_word(text, "upstream")) return Stream::upstream;
  if (same_word(text, "downstream")) return Stream::downstream;
  return std::nullopt;
}

json::object show(const Toxic& toxic) {
  json::object shown = {{"attributes", toxic.attributes.shown},
                        {"name", toxic.name},
                        {"type", json::string(toxic.kind->name)},
                        {"stream", toxic.stream_name},
                        {"toxicity", toxic.toxicity}};
  if (!toxic.after.empty()) shown["after"] = toxic.after;
  if (toxic.first > 0) shown["first"] = toxic.first;
  if (toxic.every > 0) shown["every"] = toxic.every;
  if (toxic.ttl_ms > 0) shown["ttl"] = toxic.ttl_ms;
  return shown;
}

json::array show_toxics(const Proxy& proxy) {
  json::array all;
  for (const std::shared_ptr<const Toxic>& toxic : proxy.toxics()) all.push_back(show(*toxic));
  return all;
}

json::object show(const Proxy& proxy) {
  json::object shown = {{"name", proxy.spec().name},
                        {"listen", proxy.spec().listen},
                        {"upstream", proxy.spec().upstream},
                        {"enabled", proxy.spec().enabled},
                        {"toxics", show_toxics(proxy)}};
  if (proxy.spec().ttl_ms > 0) shown["ttl"] = proxy.spec().ttl_ms;
  return shown;
}

}  // namespace squall::proxy
