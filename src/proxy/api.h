// The interface of Toxiproxy 2.12, so that its clients work with squall: every route, status, body
// and header that a client could tell. docs/PROXY.md says where it answers differently.
//
// All proxies of a process stand here. For one thread; no call takes longer than a second.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "net/http_server.h"
#include "proxy/proxy.h"
#include "proxy/wire.h"

namespace squall::proxy {

struct ApiSettings {
  std::uint64_t seed = 0;    // of all draws
  bool has_metrics = false;  // GET /metrics answers
};

class Api {
 public:
  Api(Loops& loops, ApiSettings settings) : loops_(loops), settings_(settings) {}

  net::HttpAnswer answer(const net::HttpCall& call);
  // The proxies of a file in the form of POST /populate. Errors: Code::invalid for the document,
  // and those of listening; the proxies before stand.
  Status populate(std::string_view document);
  // Removes the proxies and toxics whose lease has ended; when the next one ends, or `never`.
  Duration expire(Duration now);
  // What the proxies do and decide. Never nullptr.
  const std::shared_ptr<Events>& events() const { return events_; }

 private:
  using Answer = net::HttpAnswer;
  struct Route;
  static const std::vector<Route>& routes();

  Answer reset(const std::vector<std::string>& names, std::string_view body);
  Answer list(const std::vector<std::string>& names, std::string_view body);
  Answer create(const std::vector<std::string>& names, std::string_view body);
  Answer populate_call(const std::vector<std::string>& names, std::string_view body);
  Answer get(const std::vector<std::string>& names, std::string_view body);
  Answer update(const std::vector<std::string>& names, std::string_view body);
  Answer remove(const std::vector<std::string>& names, std::string_view body);
  Answer list_toxics(const std::vector<std::string>& names, std::string_view body);
  Answer add_toxic(const std::vector<std::string>& names, std::string_view body);
  Answer get_toxic(const std::vector<std::string>& names, std::string_view body);
  Answer update_toxic(const std::vector<std::string>& names, std::string_view body);
  Answer remove_toxic(const std::vector<std::string>& names, std::string_view body);
  Answer read_events(const std::vector<std::string>& names, std::string_view body);
  Answer version(const std::vector<std::string>& names, std::string_view body);

  struct Populated {
    std::optional<Answer> problem;
    std::vector<const Proxy*> proxies;
  };
  Populated populate_with(std::string_view body);
  Result<Proxy*> place(const ProxySpec& spec);
  Proxy* find_proxy(const std::string& name) const;

  Loops& loops_;
  ApiSettings settings_;
  std::shared_ptr<Events> events_ = std::make_shared<Events>();
  std::uint64_t requests_ = 0;
  Proxies proxies_;
};

// The version of the interface, which clients compare with 2.6.0.
constexpr std::string_view api_version = "2.12.0";

}  // namespace squall::proxy
