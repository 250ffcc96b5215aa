// One HTTP/1.1 exchange: a request goes out on a connection of its own, the answer is read within
// limits, the connection is closed. Redirects are not followed, cookies not kept, nothing cached:
// a probe wants to see what the target really says.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/units.h"
#include "core/url.h"
#include "sys/patience.h"

namespace squall::net {

struct HttpHeader {
  std::string name;
  std::string value;
};

struct HttpRequest {
  std::string method = "GET";  // GET, POST, PUT, DELETE or HEAD
  Url url;
  std::vector<HttpHeader> headers;  // a Host header takes the place of the URL's
  std::string body;
  std::string unix_path;          // where to connect instead of the host of the URL
  std::string network_namespace;  // see net::Endpoint
  Bytes body_limit{1 << 20};      // of the answer; its header may have 64 KiB
};

struct HttpResponse {
  int status = 0;
  std::vector<HttpHeader> headers;
  std::string body;  // as it came, transfer coding taken off; may be any bytes
  bool body_was_cut =
      false;  // it is longer than the limit; what came before the limit may be missing
};

// Code::invalid when the request cannot be put on a wire: an unknown method, a header name that is
// no token, a line break in a value, or a header that the client sets by itself.
Status check_request(const HttpRequest& request);

// The bytes of a request that passed check_request, and whether it says that the connection is to
// be closed after the answer.
enum class Closing { close, keep_alive };
std::string render_request(const HttpRequest& request, Closing closing);

// Reads the answer to `request` from pieces of bytes as they arrive; an empty piece is the end.
// `peer` is who sends them, for messages. Errors: those of `next_piece`, and Code::conflict as
// below.
Result<HttpResponse> read_response(const HttpRequest& request, const std::string& peer,
                                   const std::function<Result<std::string>()>& next_piece);

// Errors: those of net::Connection; Code::conflict when what came back is not HTTP, ended too early
// or has a header of more than 64 KiB; Code::invalid as above.
Result<HttpResponse> exchange(const HttpRequest& request, sys::Patience& patience);

// The value of the first header of that name, in any case; empty when there is none.
std::string_view header_value(const HttpResponse& response, std::string_view name);

}  // namespace squall::net
