#include "reach/traffic/say.h"

#include <fmt/core.h>

#include "core/text.h"
#include "net/load/http_load.h"
#include "net/load/malformed.h"
#include "net/load/queue_load.h"
#include "param/secret_codec.h"
#include "param/table.h"
#include "param/text_map_codec.h"
#include "sys/secret.h"

namespace squall::reach {
namespace {

struct HttpSay {
  std::string method = "GET";
  std::string target = "/";
  param::TextMap headers;
  std::string body;
  param::Secret token;
  std::vector<std::string> families;
  std::vector<std::string> too_early;
  bool may_change = true;
};

const param::Table<HttpSay> http_table{{
    param::field("method", &HttpSay::method, {.about = "Of the requests."}),
    param::field("target", &HttpSay::target, {.about = "Path and query."}),
    param::field("headers", &HttpSay::headers, {.about = "Sent with each."}),
    param::field("body", &HttpSay::body, {.about = "Sent with each."}),
    param::field("token", &HttpSay::token, {.about = "For the Authorization header."}),
    param::field("families", &HttpSay::families, {.about = "Of the malformed ones."}),
    param::field("too_early", &HttpSay::too_early, {.about = "Steps which cannot work yet."}),
    param::field("may_change", &HttpSay::may_change, {.about = "More than GET may be malformed."}),
}};

struct RedisSay {
  std::string list;
  net::ListSide side = net::ListSide::right;
  std::string message;
  std::vector<std::string> families;
  std::string username;
  param::Secret password;
};

const param::Table<RedisSay> redis_table{{
    param::field("list", &RedisSay::list, {.about = "Where to.", .required = true}),
    param::choice("side", &RedisSay::side,
                  {{"right", net::ListSide::right}, {"left", net::ListSide::left}},
                  "At which end."),
    param::field("message", &RedisSay::message, {.about = "What.", .required = true}),
    param::field("families", &RedisSay::families, {.about = "Of the malformed ones."}),
    param::field("username", &RedisSay::username, {.about = "To get in."}),
    param::field("password", &RedisSay::password, {.about = "To get in."}),
}};

struct NatsSay {
  std::string subject;
  std::string message;
  std::vector<std::string> families;
  std::string username;
  param::Secret password;
};

const param::Table<NatsSay> nats_table{{
    param::field("subject", &NatsSay::subject, {.about = "Where to.", .required = true}),
    param::field("message", &NatsSay::message, {.about = "What.", .required = true}),
    param::field("families", &NatsSay::families, {.about = "Of the malformed ones."}),
    param::field("username", &NatsSay::username, {.about = "To get in."}),
    param::field("password", &NatsSay::password, {.about = "To get in."}),
}};

using Made = Result<std::unique_ptr<net::LoadProtocol>>;

Made http_for(const HttpSay& say, const net::Endpoint& endpoint) {
  net::HttpRequest request{
      .method = say.method,
      .url = {.host = endpoint.host, .port = endpoint.port, .target = say.target},
      .body = say.body};
  for (const auto& [name, value] : say.headers) request.headers.push_back({name, value});
  const std::string token = TRY(sys::reveal(say.token.reference), "reading the token");
  if (!token.empty()) request.headers.push_back({"Authorization", "Bearer " + token});
  TRY_VOID(net::check_request(request));
  if (say.method == "HEAD") {
    return error(Code::invalid, "method: HEAD is not sent by a load", "use GET");
  }
  std::vector<net::LoadForm> forms = TRY(net::malformed_requests({.good = request,
                                                                  .families = say.families,
                                                                  .too_early = say.too_early,
                                                                  .may_change = say.may_change}));
  return std::make_unique<net::HttpLoad>(request, std::move(forms));
}

Made redis_for(const RedisSay& say) {
  return net::redis_load({
    .list = say.list, .side = say.side, .message = say.message, .families = say.families,
    .username = say.username, .password = TRY(sys::reveal(say.password.reference))
  });
}

Made nats_for(const NatsSay& say) {
  return net::nats_load({
    .subject = say.subject, .message = say.message, .families = say.families,
    .username = say.username, .password = TRY(sys::reveal(say.password.reference))
  });
}

}  // namespace

Made protocol_for(std::string_view protocol, const json::value& say,
                  const net::Endpoint& endpoint) {
  const json::object* object = say.if_object();
  if (object == nullptr) return error(Code::invalid, "say: it is no mapping");
  if (protocol == "http") return http_for(TRY(http_table.from_json(*object)), endpoint);
  if (protocol == "redis") return redis_for(TRY(redis_table.from_json(*object)));
  if (protocol == "nats") return nats_for(TRY(nats_table.from_json(*object)));
  return error(Code::invalid, fmt::format("{} is no protocol of a load", quote(protocol)),
               "use http, redis or nats");
}

}  // namespace squall::reach
