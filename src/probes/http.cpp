// http: asks a web server one thing, as a client that has just arrived would: a new connection, one
// request, one answer. Redirects are shown, not followed.
#include "net/http_client.h"
#include "param/text_map_codec.h"
#include "probes/typed.h"
#include "probes/unreached.h"

namespace squall::probe {
namespace {

enum class Method { get, head, post, put, remove };

struct Http {
  std::string url;
  Method method = Method::get;
  param::TextMap headers;
  std::string body;
  std::string unix_path;
  std::string network_namespace;
  Bytes body_limit{1 << 20};
};

const std::vector<std::pair<std::string, Method>> methods = {{"GET", Method::get},
                                                             {"HEAD", Method::head},
                                                             {"POST", Method::post},
                                                             {"PUT", Method::put},
                                                             {"DELETE", Method::remove}};

const param::Table<Http> table{{
    param::field("url", &Http::url,
                 {.about = "What is asked for, http://host:port/path.", .required = true}),
    param::choice("method", &Http::method, methods, "How it is asked for."),
    param::field("headers", &Http::headers,
                 {.about = "Headers of the request; Host takes the place of the URL's."}),
    param::field("body", &Http::body, {.about = "The body of the request."}),
    param::field("unix_path", &Http::unix_path,
                 {.about = "A unix socket to connect to instead of the host of the URL."}),
    param::field("namespace", &Http::network_namespace,
                 {.about = "Path of the network namespace to ask from, such as /run/netns/blue."}),
    param::field(
        "body_limit", &Http::body_limit,
        {.about = "How much of the answer is read.", .min = Bytes{1}, .max = Bytes{64 << 20}}),
}};

Result<net::HttpRequest> request_of(const Http& http) {
  net::HttpRequest request;
  for (const auto& [word, method] : methods) {
    if (method == http.method) request.method = word;
  }
  request.url = TRY(parse_url(http.url));
  for (const auto& [name, value] : http.headers) request.headers.push_back({name, value});
  request.body = http.body;
  request.unix_path = http.unix_path;
  request.network_namespace = http.network_namespace;
  request.body_limit = http.body_limit;
  return request;
}

Status check(const Http& http) {
  return net::check_request(TRY(request_of(http)));
}

Sample take(const Http& http, sys::Patience& patience) {
  const Result<net::HttpRequest> request = request_of(http);
  if (!request.ok()) return unreached(request.error());
  const Result<net::HttpResponse> response = net::exchange(*request, patience);
  if (!response.ok()) return unreached(response.error());
  Sample sample;
  sample.values["reached"] = true;
  sample.values["status"] = response->status;
  sample.values["latency"] = json::string(render(patience.spent()));
  sample.values["content_type"] =
      json::string(repair_utf8(net::header_value(*response, "Content-Type")));
  if (response->body_was_cut) {
    sample.problem = fmt::format("the body is longer than {}", render(http.body_limit));
    return sample;
  }
  sample.values["bytes"] = json::string(render(Bytes{response->body.size()}));
  sample.values["body"] = json::string(repair_utf8(response->body));
  Result<json::value> document = parse_json(response->body);
  sample.values["json"] = document.ok() ? std::move(*document) : json::value(nullptr);
  return sample;
}

}  // namespace

extern const Kind kind_http;
const Kind kind_http = kind_of<Http>({
    .name = "http",
    .about = "Sends one HTTP request over a new connection and reads the whole answer.",
    .limits = "HTTP/1.1 without TLS; redirects are not followed, cookies not kept. Headers of more "
              "than 64 KiB and bodies beyond the limit are problems. Names are looked up by this "
              "host's resolver, outside the namespace.",
    .example = R"({"http": {"url": "http://127.0.0.1:8080/health"},
                   "expect": {"status": 200, "latency": "< 500 ms", "json": {"$.state": "up"}}})",
    .table = &table,
    .values = {{"status", "whole number", "The status of the answer."},
               {"latency", "duration", "From the start, name lookup included, to the last byte."},
               {"body", "text", "The body; bytes that are not UTF-8 are replaced by U+FFFD."},
               {"bytes", "size", "The length of the body."},
               {"json", "json", "The body read as JSON; not there when it is none."},
               {"content_type", "text", "The Content-Type header; empty when there is none."}},
    .reached = "Whether an HTTP answer came, whatever its status.",
    .check = check,
    .take = take,
});

}  // namespace squall::probe
