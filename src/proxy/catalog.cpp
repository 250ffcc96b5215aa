// The toxics that ship: one line each. A test counts the files against it.
#include <strings.h>

#include "proxy/toxics/toxic.h"

namespace squall::proxy {

extern const Kind kind_bandwidth;
extern const Kind kind_corrupt;
extern const Kind kind_down;
extern const Kind kind_duplicate_write;
extern const Kind kind_half_open;
extern const Kind kind_http_abort;
extern const Kind kind_http_body;
extern const Kind kind_http_delay;
extern const Kind kind_http_header;
extern const Kind kind_http_status;
extern const Kind kind_jitter;
extern const Kind kind_latency;
extern const Kind kind_limit_data;
extern const Kind kind_loss;
extern const Kind kind_noop;
extern const Kind kind_reset_peer;
extern const Kind kind_slicer;
extern const Kind kind_slow_close;
extern const Kind kind_timeout;

const Catalogue& catalogue() {
  // clang-format off
  static const Catalogue kinds = {
      &kind_bandwidth,
      &kind_corrupt,
      &kind_down,
      &kind_duplicate_write,
      &kind_half_open,
      &kind_http_abort,
      &kind_http_body,
      &kind_http_delay,
      &kind_http_header,
      &kind_http_status,
      &kind_jitter,
      &kind_latency,
      &kind_limit_data,
      &kind_loss,
      &kind_noop,
      &kind_reset_peer,
      &kind_slicer,
      &kind_slow_close,
      &kind_timeout,
  };
  // clang-format on
  return kinds;
}

const Kind* find(const Catalogue& kinds, std::string_view name) {
  for (const Kind* kind : kinds) {
    if (kind->name == name) return kind;
  }
  return nullptr;
}

json::object known_attributes(const param::AnyTable& table, const Attributes* base,
                              const json::object& given) {
  json::object known = base == nullptr ? json::object() : base->shown;
  for (const param::FieldInfo& field : table.fields()) {
    for (const auto& [key, value] : given) {
      const bool is_meant = std::string(key).size() == field.name.size() &&
                            ::strncasecmp(key.data(), field.name.data(), key.size()) == 0;
      if (is_meant && !value.is_null()) known[field.name] = value;
    }
  }
  return known;
}

}  // namespace squall::proxy
