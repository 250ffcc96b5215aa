// http.malformed: a service gets requests that it should refuse, one way of being wrong after the
// other, as from a broken client, a fuzzer or somebody who means harm.
//
// A sound service answers each with a status of 4xx and goes on serving. Which forms came to which
// end is told when the change ends, by family and name; a check with the probe `malformed` turns it
// into a demand. What a service stores that it should have refused stays with it, so a scenario
// must accept that in writing.
#include <fmt/core.h>

#include "core/text.h"
#include "core/url.h"
#include "faults/needs.h"
#include "faults/typed.h"
#include "param/secret_codec.h"
#include "param/text_map_codec.h"

namespace squall::fault {
namespace {

struct Malformed {
  std::string url;
  param::TextMap headers;
  param::Secret token;
  std::string body;
  std::string network_namespace;
  std::vector<std::string> families;
  std::vector<std::string> too_early;
  std::int64_t rounds = 1;
  Rate rate{50};
  std::int64_t concurrency = 4;
  Duration timeout = seconds(1);
};

const param::Table<Malformed> table{{
    param::field(
        "url", &Malformed::url,
        {.about = "A good address of the service: http://host:port/path.", .required = true}),
    param::field("headers", &Malformed::headers, {.about = "Sent with every request."}),
    param::field("token", &Malformed::token,
                 {.about = "Sent as `Authorization: Bearer`; only a reference may stand here."}),
    param::field("body", &Malformed::body,
                 {.about = "A good body, a JSON object; each of its members is sent with a wrong "
                           "type, as an object, and not at all."}),
    param::field("namespace", &Malformed::network_namespace,
                 {.about = "Path of the network namespace to send from: /run/netns/NAME or "
                           "/proc/PID/ns/net. Empty means the host's."}),
    param::field("families", &Malformed::families,
                 {.about = "Which of sql_injection, script, oversize, encoding, json, types, "
                           "combinations and order; none named means all."}),
    param::field("too_early", &Malformed::too_early,
                 {.about = "Steps of a flow which must not work yet, for the family order: "
                           "\"POST /orders/4711/ship\"."}),
    param::field("rounds", &Malformed::rounds,
                 {.about = "How often each form is sent.",
                  .min = 1,
                  .max = 10'000,
                  .typical_low = 1,
                  .typical_high = 20}),
    param::field("rate", &Malformed::rate,
                 {.about = "How many requests become due.",
                  .min = Rate{10},
                  .max = Rate{10'000},
                  .typical_low = Rate{20},
                  .typical_high = Rate{500}}),
    param::field("concurrency", &Malformed::concurrency,
                 {.about = "At most so many requests are under way.", .min = 1, .max = 100}),
    param::field(
        "timeout", &Malformed::timeout,
        {.about = "How long an answer may take.", .min = milliseconds(10), .max = minutes(1)}),
}};

// As many forms as there can be: those of every family, and those of eight members of a body.
constexpr std::int64_t forms_max = 100;

std::vector<sys::Need> needs(const sys::HostFacts&) {
  return {note("no privileges, but CAP_SYS_ADMIN to send from another network namespace")};
}

Status check(const Malformed& malformed) {
  TRY_VOID(parse_url(malformed.url), "url");
  if (malformed.body.empty()) return ok();
  const Result<json::value> body = parse_json(malformed.body);
  if (body.ok() && body->is_object()) return ok();
  return error(Code::invalid, "body: it is no JSON object",
               "give a good body, such as '{\"item\": \"x\", \"amount\": 2}'; the malformed ones "
               "are made from it");
}

Wants wants(const Malformed&) {
  return {};
}

Result<Strike> plan(const Malformed& malformed, const Facts&, const Choices&, std::uint64_t) {
  using Texts = param::Codec<std::vector<std::string>>;
  const Url url = TRY(parse_url(malformed.url));
  json::object say{{"method", malformed.body.empty() ? "GET" : "POST"},
                   {"target", url.target},
                   {"headers", param::Codec<param::TextMap>::render(malformed.headers)},
                   {"body", malformed.body},
                   {"token", malformed.token.reference},
                   {"families", Texts::render(malformed.families)},
                   {"too_early", Texts::render(malformed.too_early)}};
  const json::object request{{"protocol", "http"},
                             {"host", url.host},
                             {"port", url.port},
                             {"namespace", malformed.network_namespace},
                             {"rate", render(malformed.rate)},
                             {"connections", malformed.concurrency},
                             {"count", malformed.rounds * forms_max},
                             {"rounds", malformed.rounds},
                             {"timeout", render(malformed.timeout)},
                             {"invalid", render(Share{1})},
                             {"say", std::move(say)}};
  return Strike{.changes = {{"traffic.flood", request}},
                .watches = {{"network.flooded",
                             {{"port", url.port},
                              {"namespace", malformed.network_namespace},
                              {"rate", render(malformed.rate)}}}},
                .target = fmt::format("{}:{}", printable(url.host), url.port)};
}

}  // namespace

extern const Kind kind_http_malformed;
const Kind kind_http_malformed = kind_of<Malformed>({
    .name = "http.malformed",
    .summary = "A service gets requests that it should refuse, wrong in one way after the other.",
    .mechanism =
        "Some fifty malformed requests are made from a good one and sent at a steady rate, each "
        "`rounds` times: SQL and script where data belongs, targets, headers and bodies that are "
        "too large, broken encodings, broken JSON, wrong types, lengths that contradict each "
        "other, parts in the wrong order. Sent by the generator of http.flood. The end of the "
        "change says by family and name which were rejected (4xx, 501 or 505, as they should be), "
        "accepted, "
        "failed (5xx), cut off or not answered.",
    .undo =
        "The sending process is ended; it is tied to the guardian's life, so nothing is sent when "
        "squall dies. What the service accepted stays with it.",
    .limits =
        "It shows that a service refuses what is plainly wrong, not that it is secure. A server "
        "that ignores unknown queries or headers accepts some forms rightly: name the families "
        "that apply. No TLS, no HTTP/2. A connection that is closed without an answer counts as "
        "cut off, not as rejected.",
    .irreversible = "a service that accepts what it should refuse may store it",
    .example = R"({"url": "http://127.0.0.1:8080/orders", "families": ["json", "types"],
                   "body": "{\"item\": \"x\", \"amount\": 2}"})",
    .table = &table,
    .needs = needs,
    .check = check,
    .wants = wants,
    .plan = plan,
});

}  // namespace squall::fault
