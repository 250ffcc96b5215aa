// Routes are rows of a table; each handler reads its body, asks or changes the proxies, and shows
// what has become of them.
#include "proxy/api.h"

#include <algorithm>
#include <utility>

#include <fmt/core.h>

#include "core/text.h"
#include "proxy/answers.h"
#include "proxy/metrics.h"

namespace squall::proxy {
namespace {

using net::HttpAnswer;
using Names = std::vector<std::string>;

// Its first line says what repeats the choices of which the others tell.
class EventStream final : public net::HttpStream {
 public:
  EventStream(std::shared_ptr<EventReader> reader, std::uint64_t seed)
      : reader_(std::move(reader)),
        first_line_(compact_json(json::object{{"event", "begin"}, {"seed", seed}}) + "\n") {}

  void on_ready(std::function<void()> wake) override { reader_->on_ready(std::move(wake)); }
  std::string take() override { return std::exchange(first_line_, {}) + reader_->take(); }
  bool is_over() const override { return reader_->is_over(); }

 private:
  std::shared_ptr<EventReader> reader_;
  std::string first_line_;
};

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
      {"squall/events", "GET", &Api::read_events},
  };
  return table;
}

net::HttpAnswer Api::answer(const net::HttpCall& call) {
  const Names parts = split(std::string_view(call.path).substr(call.path.empty() ? 0 : 1), '/');
  if (settings_.has_metrics && call.path == "/metrics") {
    return {200, {{"Content-Type", "text/plain; version=0.0.4; charset=utf-8"}}, metrics(proxies_)};
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
  auto made = std::make_unique<Proxy>(spec, settings_.seed, loops_, events_);
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

net::HttpAnswer Api::read_events(const Names&, std::string_view) {
  return {200,
          {{"Content-Type", "application/x-ndjson"}},
          "",
          std::make_shared<EventStream>(events_->read(), settings_.seed)};
}

net::HttpAnswer Api::version(const Names&, std::string_view) {
  return {200,
          {{"Content-Type", "application/json;charset=utf-8"}},
          fmt::format("{{\"version\": \"{}\"}}\n", api_version)};
}

}  // namespace squall::proxy
