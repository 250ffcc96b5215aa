// Proxies and toxics as they stand in the JSON of Toxiproxy's interface, and its readings of what
// clients send, which are those of Go's encoding/json: unknown keys are left out, keys are taken in
// any case, null changes nothing, and only the first value of a body counts.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/node.h"
#include "core/result.h"
#include "proxy/proxy.h"

namespace squall::proxy {

// The first JSON value of a body. Errors: Code::invalid.
Result<json::value> read_body(std::string_view body);

// What a body says of a proxy; nothing where it says nothing.
struct ProxyWords {
  std::optional<std::string> name;
  std::optional<std::string> listen;
  std::optional<std::string> upstream;
  std::optional<bool> enabled;
  std::optional<std::int64_t> ttl_ms;  // ours
};
Result<ProxyWords> read_proxy(const json::value& value);
Result<std::vector<ProxyWords>> read_proxies(const json::value& value);

struct ToxicWords {
  std::optional<std::string> name;
  std::optional<std::string> type;
  std::optional<std::string> stream;
  std::optional<double> toxicity;
  std::optional<std::string> after;  // these four are ours
  std::optional<std::int64_t> first;
  std::optional<std::int64_t> every;
  std::optional<std::int64_t> ttl_ms;
  json::object attributes;
};
Result<ToxicWords> read_toxic(const json::value& value);
// "upstream" or "downstream" in any case.
std::optional<Stream> read_stream(std::string_view text);

json::object show(const Toxic& toxic);
json::array show_toxics(const Proxy& proxy);
json::object show(const Proxy& proxy);

}  // namespace squall::proxy
