// traffic.flood: requests or messages are sent to a service, at a rate of their own.
//
// Held: squall-reach sends them (reach/traffic/flood.cpp) as a child of the holder; when either
// dies, its sockets close and nothing more is sent. Count, time, rate and connections are bounded
// whatever happens. What the service makes of what it received is not undone: that is for the fault
// to say, and for the scenario to accept where something stays.
//
// What is sent is the verb's business; here it is one opaque value. It holds no secret: tokens and
// passwords are named by the place where they can be read.
#include <fmt/core.h>
#include <sys/stat.h>

#include "change/reach.h"
#include "change/typed.h"
#include "core/text.h"

namespace squall::change {
namespace {

struct TrafficFlood {
  std::string protocol;
  std::string host;
  std::int64_t port = 0;
  std::string network_namespace;
  Rate rate;
  std::int64_t connections = 1;
  std::int64_t count = 1;
  std::int64_t rounds = 0;
  Duration timeout = seconds(1);
  Share invalid;
  std::int64_t seed = 0;
  json::value say = json::object{};
};

constexpr Duration longest = minutes(60);
constexpr Duration start_limit = milliseconds(1800);
// Of processor time for a request: a cautious guess, for the gate that sums up burnt cores.
constexpr double core_seconds_per_request = 20e-6;

const param::Table<TrafficFlood> table{{
    param::field("protocol", &TrafficFlood::protocol,
                 {.about = "How it is said: http, redis or nats.", .required = true}),
    param::field("host", &TrafficFlood::host,
                 {.about = "Address or name of the service.", .required = true}),
    param::field("port", &TrafficFlood::port,
                 {.about = "Its port.", .required = true, .min = 1, .max = 65535}),
    param::field("namespace", &TrafficFlood::network_namespace,
                 {.about = "Path of the network namespace to send from; empty for squall's own."}),
    param::field(
        "rate", &TrafficFlood::rate,
        {.about = "How many are sent.", .required = true, .min = Rate{0.01}, .max = Rate{1e6}}),
    param::field("connections", &TrafficFlood::connections,
                 {.about = "At most so many at once.", .required = true, .min = 1, .max = 10'000}),
    param::field(
        "count", &TrafficFlood::count,
        {.about = "At most so many in all.", .required = true, .min = 1, .max = 1'000'000'000}),
    param::field("rounds", &TrafficFlood::rounds,
                 {.about = "How often each malformed form is sent; 0 for as often as it comes.",
                  .min = 0,
                  .max = 1'000'000}),
    param::field(
        "timeout", &TrafficFlood::timeout,
        {.about = "How long an answer may take.", .min = milliseconds(1), .max = minutes(1)}),
    param::field("invalid", &TrafficFlood::invalid,
                 {.about = "The part that is sent malformed.", .min = Share{0}, .max = Share{1}}),
    param::field("seed", &TrafficFlood::seed, {.about = "Decides which are malformed."}),
    param::field("say", &TrafficFlood::say, {.about = "What is sent.", .required = true}),
}};

// Device and inode of the namespace, so that another one that got the path is recognised.
Result<std::string> identity_of(const std::string& network_namespace) {
  if (network_namespace.empty()) return std::string();
  struct stat status {};
  if (::stat(network_namespace.c_str(), &status) == 0) {
    return fmt::format("{}:{}", status.st_dev, status.st_ino);
  }
  return error(Code::not_found,
               fmt::format("there is no network namespace {}", quote(network_namespace)),
               "name one such as /run/netns/NAME or /proc/PID/ns/net");
}

Result<Footprint> footprint(const TrafficFlood& params) {
  // A flood keeps others out of the port as a packet filter would, so the same gates judge it.
  Footprint touched{.cuts = {{.network_namespace = params.network_namespace,
                              .peer = params.host == "localhost" ? "127.0.0.1" : params.host,
                              .local_port = static_cast<int>(params.port),
                              .protocol = "tcp"}}};
  touched.burnt_cores = params.rate.per_second * core_seconds_per_request;
  // Both ends of each connection may be on this host.
  touched.demand.descriptors = 2 * params.connections + 32;
  touched.demand.processes = 8;
  touched.demand.memory = Bytes{(8 << 20) + static_cast<std::uint64_t>(params.connections) * 16384};
  return touched;
}

Result<json::object> capture(const TrafficFlood& params) {
  return json::object{{"namespace", TRY(identity_of(params.network_namespace))}};
}

Result<std::unique_ptr<Held>> hold(const TrafficFlood& params, const json::object& before) {
  if (TRY(identity_of(params.network_namespace)) != text_at(before, "namespace")) {
    return error(Code::conflict, fmt::format("{} became another network namespace",
                                             printable(params.network_namespace)));
  }
  json::object order = table.to_json(params);
  order["duration"] = render(longest);
  return reach_hold("traffic.flood", order, start_limit);
}

// The sender lives exactly as long as its holder.
Result<Presence> verify(const TrafficFlood&, const json::object& before) {
  const sys::ProcessId holder{integer_at(before, "holder_pid"),
                              static_cast<std::uint64_t>(integer_at(before, "holder_start"))};
  return holder.pid != 0 && sys::is_alive(holder) ? Presence::in_force : Presence::absent;
}

std::string describe(const TrafficFlood& params) {
  std::string text =
      fmt::format("send {} of {} to {}:{}, at most {}, over up to {} connections",
                  render(params.rate), printable(params.protocol), printable(params.host),
                  params.port, params.count, params.connections);
  if (params.invalid.fraction > 0) text += fmt::format(", {} malformed", render(params.invalid));
  return text;
}

std::string undo(const TrafficFlood&) {
  return "end the sending process, which ends by itself when squall dies; what the service has "
         "received stays with it";
}

}  // namespace

extern const Kind kind_traffic_flood;
const Kind kind_traffic_flood = make_kind<TrafficFlood>({
    .name = "traffic.flood",
    .about = "Requests or messages are sent to a service, at a rate of their own.",
    .keeping = Keeping::held,
    .table = &table,
    .footprint = footprint,
    .capture = capture,
    .hold = hold,
    .verify = verify,
    .describe = describe,
    .undo = undo,
});

}  // namespace squall::change
