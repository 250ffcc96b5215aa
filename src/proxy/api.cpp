// Routes are rows of a table; each handler reads its body, asks or changes the proxies, and shows
// what has become of them.
#include "proxy/api.h"

#include <algorithm>
#include <array>

#include <fmt/core.h>

#include "core/text.h"

namespace squall::proxy {
namespace {

using net::HttpAnswer;
using Names = std::vector<std::string>;

constexpr std::size_t toxics_max = 256;  // of one proxy

HttpAnswer json_answer(int status, const json::value& value) {
  return {status, {{"Content-Type", "application/json"}}, compact_json(value)};
}

HttpAnswer text_answer(int status, std::string text) {
  return {status,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
          std::move(text)};
}

// The original says that its errors are text, whatever they are.
HttpAnswer problem(int status, const std::string& message) {
  return text_answer(
      status,
      compact_json(json::object{{"error", repair_utf8(message)}, {"status", status}}) + "\n");
}

HttpAnswer bad_body(const Error& detail) {
  const std::string next = detail.next.empty() ? "" : fmt::format(" ({})", detail.next);
  return problem(400, fmt::format("bad request body: {}{}", detail.message, next));
}

HttpAnswer no_proxy() {
  return problem(404, "proxy not found");
}
HttpAnswer no_toxic() {
  return problem(404, "toxic not found");
}

std::string escape_label(std::string_view text) {
  std::string escaped;
  for (const char letter : text) {
    if (letter == '\\' || letter == '"') escaped += '\\';
    letter == '\n' ? escaped += "\\n" : escaped += letter;
  }
  return escaped;
}

}  // namespace

struct Api::Route {
  std::string_view path;     // a * stands for a name
  std::string_view methods;  // "POST PATCH"
  HttpAnswer (Api::*handle)(const Names& names, std::string_view body);
};

const std::vector<Api::Route>& Api::routes() {
  static const std::vector<Route> table = {
      {"reset", "POST", &Api::reset},
      {"proxies", "GET", &Api::list},
      {"proxies", "POST", &Api::create},
      {"populate", "POST", &Api::populate_call},
      {"proxies/*", "GET", &Api::get},
      {"proxies/*", "POST PATCH", &Api::update},
      {"proxies/*", "DELETE", &Api::remove},
      {"proxies/*/toxics", "GET", &Api::list_toxics},
      {"proxies/*/toxics", "POST", &Api::add_toxic},
      {"proxies/*/toxics/*", "GET", &Api::get_toxic},
      {"proxies/*/toxics/*", "POST PATCH", &Api::update_toxic},
      {"proxies/*/toxics/*", "DELETE", &Api::remove_toxic},
      {"version", "GET", &Api::version},
  };
  return table;
}

net::HttpAnswer Api::answer(const net::HttpCall& call) {
  const Names parts = split(std::string_view(call.path).substr(call.path.empty() ? 0 : 1), '/');
  if (settings_.has_metrics && call.path == "/metrics") {
    return {200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics()};
  }
  bool is_known = false;
  for (const Route& route : routes()) {
    const Names wanted = split(route.path, '/');
    Names names;
    bool fits = wanted.size() == parts.size();
    for (std::size_t i = 0; fits && i < parts.size(); ++i) {
      if (wanted[i] == "*") names.push_back(parts[i]);
      fits = wanted[i] == "*" ? !parts[i].empty() : wanted[i] == parts[i];
    }
    if (!fits) continue;
    is_known = true;
    const Names methods = split(route.methods, ' ');
    if (std::find(methods.begin(), methods.end(), call.method) == methods.end()) continue;
    // A page in a browser must not command a proxy of its reader.
    const bool is_browser = net::header_value(call, "User-Agent").starts_with("Mozilla/");
    HttpAnswer answer = is_browser ? text_answer(403, "User agent not allowed\n")
                                   : (this->*route.handle)(names, call.body);
    answer.headers.push_back({"X-Toxiproxy-Request-Id", fmt::format("{:020x}", ++requests_)});
    return answer;
  }
  return is_known ? HttpAnswer{405, {}, ""} : text_answer(404, "404 page not found\n");
}

Proxy* Api::find_proxy(const std::string& name) const {
  const auto found = proxies_.find(name);
  return found == proxies_.end() ? nullptr : found->second.get();
}

// Makes a proxy, which listens if it is enabled. The name must be free.
Result<Proxy*> Api::place(const ProxySpec& spec) {
  auto made = std::make_unique<Proxy>(spec, settings_.seed, loops_);
  if (spec.enabled) TRY_VOID(made->start());
  return (proxies_[spec.name] = std::move(made)).get();
}

net::HttpAnswer Api::reset(const Names&, std::string_view) {
  for (const auto& [name, proxy] : proxies_) {
    if (const Status started = proxy->start(); !started.ok()) {
      return problem(500, started.error().message);
    }
    proxy->remove_toxics();
  }
  return {204, {}, ""};
}

net::HttpAnswer Api::list(const Names&, std::string_view) {
  json::object all;
  for (const auto& [name, proxy] : proxies_) all[name] = show(*proxy);
  return json_answer(200, all);
}

net::HttpAnswer Api::create(const Names&, std::string_view body) {
  const Result<json::value> value = read_body(body);
  if (!value.ok()) return bad_body(value.error());
  const Result<ProxyWords> words = read_proxy(*value);
  if (!words.ok()) return bad_body(words.error());
  const ProxySpec spec{words->name.value_or(""), words->listen.value_or(""),
                       words->upstream.value_or(""), words->enabled.value_or(true),
                       words->ttl_ms.value_or(0)};
  if (spec.name.empty()) return problem(400, "missing required field: name");
  if (spec.upstream.empty()) return problem(400, "missing required field: upstream");
  if (find_proxy(spec.name) != nullptr) return problem(409, "proxy already exists");
  const Result<Proxy*> made = place(spec);
  return made.ok() ? json_answer(201, show(**made)) : problem(500, made.error().message);
}

Api::Populated Api::populate_with(std::string_view body) {
  Populated done;
  const auto fail = [&](HttpAnswer answer) {
    done.problem = std::move(answer);
    return std::move(done);
  };
  const Result<json::value> value = read_body(body);
  if (!value.ok()) return fail(bad_body(value.error()));
  const Result<std::vector<ProxyWords>> all = read_proxies(*value);
  if (!all.ok()) return fail(bad_body(all.error()));
  for (std::size_t i = 0; i < all->size(); ++i) {
    const ProxyWords& words = (*all)[i];
    const std::string missing = words.name.value_or("").empty()       ? "name"
                                : words.upstream.value_or("").empty() ? "upstream"
                                                                      : "";
    if (missing.empty()) continue;
    return fail(
        problem(400, fmt::format("missing required field: {} at proxy {}", missing, i + 1)));
  }
  for (const ProxyWords& words : *all) {
    const ProxySpec spec{*words.name, words.listen.value_or(""), *words.upstream,
                         words.enabled.value_or(true), words.ttl_ms.value_or(0)};
    Proxy* present = find_proxy(spec.name);
    if (present != nullptr) {
      const Result<bool> differs = present->differs(spec);
      if (!differs.ok()) return fail(problem(500, differs.error().message));
      if (!*differs) {
        done.proxies.push_back(present);
        continue;
      }
      std::erase(done.proxies, present);
      proxies_.erase(spec.name);
    }
    const Result<Proxy*> made = place(spec);
    if (!made.ok()) return fail(problem(500, made.error().message));
    done.proxies.push_back(*made);
  }
  return done;
}

net::HttpAnswer Api::populate_call(const Names&, std::string_view body) {
  const Populated done = populate_with(body);
  json::object shown;
  if (done.problem) shown = parse_json(done.problem->body).value().as_object();
  json::value proxies = nullptr;
  if (!done.proxies.empty()) {
    json::array& all = proxies.emplace_array();
    for (const Proxy* proxy : done.proxies) all.push_back(show(*proxy));
  }
  shown["proxies"] = std::move(proxies);
  return json_answer(done.problem ? done.problem->status : 201, shown);
}

Status Api::populate(std::string_view document) {
  const Populated done = populate_with(document);
  if (!done.problem) return ok();
  return error(done.problem->status == 400 ? Code::invalid : Code::failed,
               text_at(parse_json(done.problem->body).value().as_object(), "error"));
}

Duration Api::expire(Duration now) {
  Duration next = never;
  for (auto entry = proxies_.begin(); entry != proxies_.end();) {
    if (entry->second->expires() <= now) {
      entry = proxies_.erase(entry);
      continue;
    }
    next = std::min({next, entry->second->expires(), entry->second->expire_toxics(now)});
    ++entry;
  }
  return next;
}

net::HttpAnswer Api::get(const Names& names, std::string_view) {
  const Proxy* proxy = find_proxy(names[0]);
  return proxy == nullptr ? no_proxy() : json_answer(200, show(*proxy));
}

net::HttpAnswer Api::update(const Names& names, std::string_view body) {
  Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const Result<json::value> value = read_body(body);
  if (!value.ok()) return bad_body(value.error());
  const Result<ProxyWords> words = read_proxy(*value);
  if (!words.ok()) return bad_body(words.error());
  ProxySpec wanted = proxy->spec();
  wanted.listen = words->listen.value_or(wanted.listen);
  wanted.upstream = words->upstream.value_or(wanted.upstream);
  wanted.enabled = words->enabled.value_or(wanted.enabled);
  wanted.ttl_ms = words->ttl_ms.value_or(wanted.ttl_ms);
  const Status updated = proxy->update(wanted);
  return updated.ok() ? json_answer(200, show(*proxy)) : problem(500, updated.error().message);
}

net::HttpAnswer Api::remove(const Names& names, std::string_view) {
  return proxies_.erase(names[0]) == 0 ? no_proxy() : HttpAnswer{204, {}, ""};
}

net::HttpAnswer Api::list_toxics(const Names& names, std::string_view) {
  const Proxy* proxy = find_proxy(names[0]);
  return proxy == nullptr ? no_proxy() : json_answer(200, show_toxics(*proxy));
}

net::HttpAnswer Api::add_toxic(const Names& names, std::string_view body) {
  Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const Result<json::value> value = read_body(body);
  if (!value.ok()) return bad_body(value.error());
  const Result<ToxicWords> words = read_toxic(*value);
  if (!words.ok()) return bad_body(words.error());
  Toxic toxic{.stream_name = words->stream.value_or("downstream"),
              .toxicity = words->toxicity.value_or(1),
              .first = words->first.value_or(0),
              .every = words->every.value_or(0),
              .ttl_ms = words->ttl_ms.value_or(0)};
  const std::optional<Stream> stream = read_stream(toxic.stream_name);
  if (!stream) {
    return problem(400, "stream was invalid, can be either upstream or downstream");
  }
  toxic.stream = *stream;
  const std::string type = words->type.value_or("");
  toxic.name = words->name.value_or("");
  if (toxic.name.empty()) toxic.name = fmt::format("{}_{}", type, toxic.stream_name);
  toxic.kind = find(catalogue(), type);
  if (toxic.kind == nullptr) return problem(400, "invalid toxic type");
  if (proxy->find_toxic(toxic.name)) return problem(409, "toxic already exists");
  if (proxy->toxics().size() >= toxics_max) {
    return problem(400, fmt::format("a proxy has at most {} toxics", toxics_max));
  }
  Result<Attributes> attributes = toxic.kind->parse(*toxic.kind, nullptr, words->attributes);
  if (!attributes.ok()) return bad_body(attributes.error());
  toxic.attributes = *std::move(attributes);
  return json_answer(200, show(*proxy->add_toxic(std::move(toxic))));
}

net::HttpAnswer Api::get_toxic(const Names& names, std::string_view) {
  const Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const std::shared_ptr<const Toxic> toxic = proxy->find_toxic(names[1]);
  return toxic ? json_answer(200, show(*toxic)) : no_toxic();
}

net::HttpAnswer Api::update_toxic(const Names& names, std::string_view body) {
  Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const std::shared_ptr<const Toxic> present = proxy->find_toxic(names[1]);
  if (!present) return no_toxic();
  const Result<json::value> value = read_body(body);
  if (!value.ok()) return bad_body(value.error());
  const Result<ToxicWords> words = read_toxic(*value);
  if (!words.ok()) return bad_body(words.error());
  Toxic toxic = *present;
  toxic.toxicity = words->toxicity.value_or(toxic.toxicity);
  toxic.first = words->first.value_or(toxic.first);
  toxic.every = words->every.value_or(toxic.every);
  toxic.ttl_ms = words->ttl_ms.value_or(toxic.ttl_ms);
  Result<Attributes> attributes =
      toxic.kind->parse(*toxic.kind, &present->attributes, words->attributes);
  if (!attributes.ok()) return bad_body(attributes.error());
  toxic.attributes = *std::move(attributes);
  return json_answer(200, show(*proxy->update_toxic(std::move(toxic))));
}

net::HttpAnswer Api::remove_toxic(const Names& names, std::string_view) {
  Proxy* proxy = find_proxy(names[0]);
  if (proxy == nullptr) return no_proxy();
  const std::shared_ptr<const Toxic> toxic = proxy->find_toxic(names[1]);
  if (!toxic) return no_toxic();
  proxy->remove_toxic(toxic->id);
  return {204, {}, ""};
}

net::HttpAnswer Api::version(const Names&, std::string_view) {
  return {200,
          {{"Content-Type", "application/json;charset=utf-8"}},
          fmt::format("{{\"version\": \"{}\"}}\n", api_version)};
}

// The text format of Prometheus.
std::string Api::metrics() const {
  struct Counter {
    std::string_view name;
    std::string_view help;
    const std::array<std::atomic<std::uint64_t>, 2> Traffic::*values;
  };
  static constexpr std::array<Counter, 2> counters = {{
      {"toxiproxy_proxy_received_bytes_total", "Bytes that came from the source.",
       &Traffic::received},
      {"toxiproxy_proxy_sent_bytes_total", "Bytes that were sent to the destination.",
       &Traffic::sent},
  }};
  std::string text;
  for (const Counter& counter : counters) {
    text += fmt::format("# HELP {0} {1}\n# TYPE {0} counter\n", counter.name, counter.help);
    for (const auto& [name, proxy] : proxies_) {
      for (std::size_t stream = 0; stream < 2; ++stream) {
        const std::uint64_t value = (proxy->traffic().*counter.values)[stream].load();
        if (value == 0) continue;
        text +=
            fmt::format("{}{{direction=\"{}\",listener=\"{}\",proxy=\"{}\",upstream=\"{}\"}} {}\n",
                        counter.name, stream == 0 ? "upstream" : "downstream",
                        escape_label(proxy->spec().listen), escape_label(name),
                        escape_label(proxy->spec().upstream), value);
      }
    }
  }
  return text;
}

}  // namespace squall::proxy
