// malformed: whether a web server refuses what it should refuse. It sends malformed requests made
// from a good one (net/load/malformed.h), each on a connection of its own as far as the server
// closes it, and counts how they were answered.
//
// Sound is: everything is rejected with a status of 4xx (or 501 and 505, which are as deliberate),
// nothing accepted, nothing failed.
#include "net/load/malformed.h"

#include <algorithm>

#include "core/text.h"
#include "core/url.h"
#include "net/load/http_load.h"
#include "net/load/load.h"
#include "param/text_map_codec.h"
#include "probes/typed.h"
#include "probes/unreached.h"

namespace squall::probe {
namespace {

struct Malformed {
  std::string url;
  param::TextMap headers;
  std::string body;
  std::vector<std::string> families;
  std::vector<std::string> too_early;
  bool may_change = false;
  std::string network_namespace;
};

const param::Table<Malformed> table{{
    param::field(
        "url", &Malformed::url,
        {.about = "A good address of the service: http://host:port/path.", .required = true}),
    param::field("headers", &Malformed::headers, {.about = "Sent with every request."}),
    param::field("body", &Malformed::body,
                 {.about = "A good body, a JSON object, from which malformed ones are made."}),
    param::field("families", &Malformed::families,
                 {.about = "Which of sql_injection, script, oversize, encoding, json, types, "
                           "combinations and order; none named means all."}),
    param::field("too_early", &Malformed::too_early,
                 {.about = "Steps which must not work yet: \"POST /orders/4711/ship\"."}),
    param::field("may_change", &Malformed::may_change,
                 {.about = "Whether more than GET may be sent; what a server accepts of that, it "
                           "may store."}),
    param::field("namespace", &Malformed::network_namespace,
                 {.about = "Path of the network namespace to ask from, such as /run/netns/blue."}),
}};

constexpr std::int64_t connections = 4;
// Slow enough that the probe is no load by itself.
constexpr Rate rate{40};

Result<net::HttpRequest> good_request(const Malformed& malformed) {
  net::HttpRequest request {
    .method = malformed.body.empty() ? "GET" : "POST", .url = TRY(parse_url(malformed.url))
    , .body = malformed.body
  };
  for (const auto& [name, value] : malformed.headers) request.headers.push_back({name, value});
  TRY_VOID(net::check_request(request));
  return request;
}

Result<std::vector<net::LoadForm>> forms_of(const Malformed& malformed) {
  std::vector<net::LoadForm> forms = TRY(net::malformed_requests({
    .good = TRY(good_request(malformed))
    , .families = malformed.families, .too_early = malformed.too_early,
      .may_change = malformed.may_change
  }));
  if (!forms.empty()) return forms;
  return error(Code::invalid, "families: none of their requests is a GET",
               "set may_change: true where the target may be changed");
}

Status check(const Malformed& malformed) {
  TRY_VOID(forms_of(malformed));
  return ok();
}

Result<net::LoadTally> send_all(const Malformed& malformed, std::vector<net::LoadForm> forms,
                                sys::Patience& patience) {
  const net::HttpRequest request = TRY(good_request(malformed));
  const net::LoadOrder order{
      .endpoint = {.host = request.url.host,
                   .port = request.url.port,
                   .network_namespace = malformed.network_namespace},
      .rate = rate,
      .connections = connections,
      .count = static_cast<std::int64_t>(forms.size()),
      .duration = minutes(1),
      .timeout = std::clamp(patience.left() / 4, milliseconds(10), minutes(1)),
      .invalid = Share{1},
  };
  const std::unique_ptr<net::Load> load = TRY(net::Load::start(
      order, std::make_unique<net::HttpLoad>(request, std::move(forms)), patience.stop()));
  const std::stop_callback at_once(patience.stop(), [&] { load->request_stop(); });
  return load->wait();
}

Sample take(const Malformed& malformed, sys::Patience& patience) {
  Result<std::vector<net::LoadForm>> forms = forms_of(malformed);
  if (!forms.ok()) return unreached(forms.error());
  const Result<net::LoadTally> tally = send_all(malformed, *forms, patience);
  if (!tally.ok()) return unreached(tally.error());
  using Tally = net::LoadTally;
  Sample sample;
  const std::int64_t redirected = tally->sum(Tally::redirected);
  sample.values = {{"reached", true},
                   {"sent", tally->sent},
                   {"rejected", tally->sum(Tally::rejected)},
                   {"accepted", tally->sum(Tally::accepted) + redirected},
                   {"failed", tally->sum(Tally::failed)},
                   {"unanswered", tally->due - tally->answered()}};
  std::vector<std::string> wrong;
  for (std::size_t i = 0; i < forms->size(); ++i) {
    const bool is_rejected = tally->invalid[i][Tally::rejected] > 0;
    if (!is_rejected) wrong.push_back((*forms)[i].name);
  }
  sample.values["not_rejected"] = json::string(repair_utf8(join(wrong, " ")));
  if (patience.is_stopped()) return Sample{.problem = "stopped while asking"};
  return sample;
}

}  // namespace

extern const Kind kind_malformed;
const Kind kind_malformed = kind_of<Malformed>({
    .name = "malformed",
    .about = "Sends malformed requests to a web server and counts which of them it refuses.",
    .limits = "HTTP/1.1 without TLS. It takes a second for forty of them and a few connections, "
              "so ask rarely: `every: 2 s`, `timeout: 5 s`. Without `may_change` only GET is sent. "
              "A request that has no answer after a quarter of the timeout counts as unanswered.",
    .example = R"({"malformed": {"url": "http://127.0.0.1:8080/", "families": ["combinations"]},
                   "expect": {"accepted": 0, "failed": 0}})",
    .table = &table,
    .values = {{"sent", "whole number", "How many were sent."},
               {"rejected", "whole number", "Answered with 4xx, 501 or 505, as they should be."},
               {"accepted", "whole number", "Answered with 2xx or 3xx."},
               {"failed", "whole number",
                "Answered with another 5xx: the server tripped over them."},
               {"unanswered", "whole number", "Cut off, answered by nonsense, or not in time."},
               {"not_rejected", "text", "The names of those that were not rejected."}},
    .reached = "Whether a connection to the server could be opened.",
    .check = check,
    .take = take,
});

}  // namespace squall::probe
