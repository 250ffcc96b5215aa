// http.flood: a service gets more requests than it is used to, as when a client loops, a cache is
// cold or the news mention it.
//
// The load is open: requests come at their rate whether or not the service keeps up. They are sent
// by a child of the guardian's holder which ends with it. Only GET is sent, which leaves nothing
// behind; requests that may change something need the target's consent in writing: queue.flood.
#include <fmt/core.h>

#include "core/text.h"
#include "core/url.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/secret_codec.h"
#include "param/text_map_codec.h"

namespace squall::fault {
namespace {

struct Flood {
  std::string url;
  param::TextMap headers;
  param::Secret token;
  std::string network_namespace;
  Rate rate{100};
  std::int64_t concurrency = 16;
  std::int64_t count = 1'000'000;
  Share invalid;
  std::vector<std::string> families;
  Duration timeout = seconds(1);
};

const param::Table<Flood> table{{
    param::field("url", &Flood::url,
                 {.about = "What is asked for, by GET: http://host:port/path.", .required = true}),
    param::field("headers", &Flood::headers, {.about = "Sent with every request."}),
    param::field("token", &Flood::token,
                 {.about = "Sent as `Authorization: Bearer`; only a reference may stand here."}),
    param::field("namespace", &Flood::network_namespace,
                 {.about = "Path of the network namespace to send from: /run/netns/NAME or "
                           "/proc/PID/ns/net. Empty means the host's."}),
    param::field("rate", &Flood::rate,
                 {.about = "How many requests become due.",
                  .min = Rate{10},
                  .max = Rate{1e6},
                  .typical_low = Rate{50},
                  .typical_high = Rate{5000}}),
    param::field("concurrency", &Flood::concurrency,
                 {.about = "At most so many requests are under way; more wait for a connection.",
                  .min = 1,
                  .max = 10'000,
                  .typical_low = 1,
                  .typical_high = 200}),
    param::field("count", &Flood::count,
                 {.about = "After so many the flood is over, even when its time is not.",
                  .min = 1,
                  .max = 1'000'000'000}),
    param::field("invalid", &Flood::invalid,
                 {.about = "The part that is malformed, each request decided for itself.",
                  .min = Share{0},
                  .max = Share{1},
                  .typical_low = Share{0},
                  .typical_high = Share{0.3}}),
    param::field("families", &Flood::families,
                 {.about = "Which malformed requests, see http.malformed; none named means all. Of "
                           "them only those are sent that are a GET."}),
    param::field("timeout", &Flood::timeout,
                 {.about = "How long a request waits for a connection, and for its answer.",
                  .min = milliseconds(10),
                  .max = minutes(1)}),
}};

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("no privileges, but CAP_SYS_ADMIN to send from another network namespace")};
}

Status check(const Flood& flood) {
  TRY_VOID(parse_url(flood.url), "url");
  return ok();
}

Wants wants(const Flood&) {
  return {};
}

Result<Strike> plan(const Flood& flood, const Facts&, const Choices& choices,
                    std::uint64_t ordinal) {
  const Url url = TRY(parse_url(flood.url));
  json::object say{{"method", "GET"},
                   {"target", url.target},
                   {"headers", param::Codec<param::TextMap>::render(flood.headers)},
                   {"token", flood.token.reference},
                   {"may_change", false},
                   {"families", param::Codec<std::vector<std::string>>::render(flood.families)}};
  // One bit less, so that it is a number in JSON.
  const auto seed = static_cast<std::int64_t>(choices.bits("", "load", ordinal) >> 1);
  const json::object request{{"protocol", "http"},
                             {"host", url.host},
                             {"port", url.port},
                             {"namespace", flood.network_namespace},
                             {"rate", render(flood.rate)},
                             {"connections", flood.concurrency},
                             {"count", flood.count},
                             {"timeout", render(flood.timeout)},
                             {"invalid", render(flood.invalid)},
                             {"seed", seed},
                             {"say", std::move(say)}};
  return Strike{.changes = {{"traffic.flood", request}},
                .watches = {{"network.flooded",
                             {{"port", url.port},
                              {"namespace", flood.network_namespace},
                              {"rate", render(flood.rate)}}}},
                .target = fmt::format("{}:{}", printable(url.host), url.port)};
}

}  // namespace

extern const Kind kind_http_flood;
const Kind kind_http_flood = kind_of<Flood>({
    .name = "http.flood",
    .summary = "A service gets many more requests than it is used to.",
    .mechanism =
        "An open-loop generator sends GET requests on an absolute grid of instants, over kept "
        "connections (HTTP/1.1) of one thread per core at most. A slow service is not spared: what "
        "is due waits for a free connection, and after `timeout` it is dropped and counted. "
        "Bounded "
        "by `count`, by the time of the fault and by 60 min. The end of the change says how many "
        "were sent, answered with which class of status, cut off, timed out and dropped, and the "
        "latency counted from the instant at which each request was due.",
    .undo =
        "The sending process is ended and its connections close. It is tied to the guardian's "
        "life: if squall dies, the kernel ends it at once. What the service did with the requests "
        "stays done, so only GET is sent.",
    .limits =
        "No TLS, no HTTP/2, one request over and over. The sender runs on this host and takes "
        "processor time from a target that runs here too. The witness counts arriving segments: "
        "a request larger than one segment counts as several, and when the service cannot take "
        "half of the rate asked for, the run is invalid; ask for less or for more concurrency.",
    .accuracy =
        "100, 1000 and 10 000 requests/s asked of nginx: within 0.5 % by nginx's own count over "
        "2 s, 99 % of them sent within 4 ms of their time, while other work kept every core busy. "
        "As fast as it can over 16 connections: 0.78 of what wrk gets through in the same run.",
    .example = R"({"url": "http://127.0.0.1:8080/", "rate": "500 /s", "concurrency": 32,
                   "invalid": "10 %", "token": "${env:SHOP_TOKEN}"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
