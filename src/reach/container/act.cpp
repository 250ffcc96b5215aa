// container.act: one order to a container daemon, carried out when it answers.
//
// Whether an order was carried out is not believed from the answer to it, but looked at afterwards.
// So an order that finds its work done already is no error, whatever the daemon calls it.
//
// There is no order to kill: a daemon that is told to kill takes the end for wanted, and forgets
// the restart policy, which is what a drill is about.
#include <array>

#include <fmt/core.h>

#include "core/text.h"
#include "net/docker.h"
#include "reach/typed.h"

namespace squall::reach {
namespace {

struct Order {
  std::string socket;
  std::string container;
  std::string act;
  Duration grace;
  std::string network;
  std::string endpoint;
  Duration limit = seconds(5);
};

const param::Table<Order> table{{
    param::field("socket", &Order::socket, {.about = "Of the daemon.", .required = true}),
    param::field("container", &Order::container,
                 {.about = "Name, id, or the beginning of an id.", .required = true}),
    param::field("act", &Order::act,
                 {.about = "pause, unpause, stop, start, restart, disconnect or connect.",
                  .required = true}),
    param::field("grace", &Order::grace,
                 {.about = "For stop and restart: how long it may take to end by itself, in whole "
                           "seconds."}),
    param::field("network", &Order::network, {.about = "For disconnect and connect: its name."}),
    param::field("endpoint", &Order::endpoint,
                 {.about = "For connect: the settings of the endpoint, as JSON."}),
    param::field("limit", &Order::limit, {.about = "How long all of it may take."}),
}};

// How an order is given, and what the container is like when it was carried out.
struct Way {
  std::string_view name;
  Result<net::DockerRequest> (*request)(const Order&);
  bool (*is_done)(const net::Container&, const Order&);  // nullptr: nothing lasts to look at
};

net::DockerRequest post(const Order& order, std::string_view verb) {
  return {.method = "POST", .target = fmt::format("/containers/{}/{}", order.container, verb)};
}

Result<net::DockerRequest> plain(const Order& order) {
  return post(order, order.act);
}
Result<net::DockerRequest> with_grace(const Order& order) {
  return post(order, fmt::format("{}?t={}", order.act, order.grace.nanoseconds / 1'000'000'000));
}

// The name of a network is the daemon's own, but the path is ours.
Result<net::DockerRequest> to_network(const Order& order, std::string_view verb) {
  const bool is_word =
      !order.network.empty() && order.network.size() < 256 && order.network != "." &&
      order.network != ".." &&
      order.network.find_first_of(std::string_view("/?#% \t\r\n\0", 9)) == std::string::npos;
  if (!is_word) {
    return error(Code::invalid,
                 fmt::format("{} is not the name of a network", quote(order.network)),
                 "name it as \"docker network ls\" does");
  }
  return net::DockerRequest{.method = "POST",
                            .target = fmt::format("/networks/{}/{}", order.network, verb),
                            .body = {{"Container", order.container}}};
}
Result<net::DockerRequest> disconnect(const Order& order) {
  net::DockerRequest request = TRY(to_network(order, "disconnect"));
  request.body["Force"] = false;
  return request;
}
Result<net::DockerRequest> connect(const Order& order) {
  net::DockerRequest request = TRY(to_network(order, "connect"));
  if (!order.endpoint.empty()) request.body["EndpointConfig"] = TRY(parse_json(order.endpoint));
  return request;
}

bool is_paused(const net::Container& now, const Order&) {
  return now.is_paused;
}
bool is_not_paused(const net::Container& now, const Order&) {
  return !now.is_paused;
}
bool is_running(const net::Container& now, const Order&) {
  return now.is_running;
}
bool is_not_running(const net::Container& now, const Order&) {
  return !now.is_running;
}
bool is_connected(const net::Container& now, const Order& order) {
  return now.networks.count(order.network) != 0;
}
bool is_not_connected(const net::Container& now, const Order& order) {
  return !is_connected(now, order);
}

constexpr std::array<Way, 7> ways = {{
    {"pause", plain, is_paused},
    {"unpause", plain, is_not_paused},
    {"stop", with_grace, is_not_running},
    {"start", plain, is_running},
    {"restart", with_grace, nullptr},
    {"disconnect", disconnect, is_not_connected},
    {"connect", connect, is_connected},
}};

Result<json::object> act(const Order& order) {
  const auto* way =
      std::find_if(ways.begin(), ways.end(), [&](const Way& one) { return one.name == order.act; });
  if (way == ways.end()) {
    return error(Code::invalid, fmt::format("there is no order {}", quote(order.act)));
  }
  sys::Patience patience(order.limit);
  // Refuses names that could lead elsewhere, before they stand in a path.
  TRY_VOID(net::find_container(order.socket, order.container, patience));
  net::DockerRequest request = TRY(way->request(order));
  request.socket = order.socket;
  const Result<json::value> answer = net::ask_docker(request, patience);
  if (way->is_done == nullptr) {
    TRY_VOID(answer);
    return json::object{};
  }
  const net::Container now = TRY(net::find_container(order.socket, order.container, patience));
  if (way->is_done(now, order)) return json::object{};
  TRY_VOID(answer);
  return error(Code::failed,
               fmt::format("the daemon took the order to {} {}, but it is {}", order.act, now.name,
                           now.status),
               "look at the log of the daemon");
}

}  // namespace

extern const Verb verb_container_act;
const Verb verb_container_act{.name = "container.act",
                              .about = "one order to a container daemon",
                              .table = &table,
                              .call = call_with<table, act>};

}  // namespace squall::reach
