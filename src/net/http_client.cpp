// Beside http_call.cpp, the only file that sees Beast. Its parser works on bytes in memory and does
// no I/O; its message types may throw, which ends here.
#include "net/http_client.h"

#include <algorithm>
#include <array>
#include <exception>
#include <optional>

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/core.h>

#include "core/text.h"
#include "net/socket.h"

namespace squall::net {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

constexpr std::uint32_t header_limit = 64 << 10;
constexpr std::size_t piece_size = 16 << 10;
// Interim answers (100 Continue, 103 Early Hints) before the real one.
constexpr int interim_max = 8;
constexpr std::array<std::string_view, 5> methods = {"GET", "POST", "PUT", "DELETE", "HEAD"};
constexpr std::array<std::string_view, 3> own_headers = {"connection", "content-length",
                                                         "transfer-encoding"};

bool same_name(std::string_view a, std::string_view b) {
  return boost::beast::iequals(a, b);
}

// RFC 9110, section 5.6.2.
bool is_token(std::string_view text) {
  const auto fits = [](char letter) {
    return (letter >= '0' && letter <= '9') || (letter >= 'a' && letter <= 'z') ||
           (letter >= 'A' && letter <= 'Z') ||
           std::string_view("!#$%&'*+-.^_`|~").find(letter) != std::string_view::npos;
  };
  return !text.empty() && std::all_of(text.begin(), text.end(), fits);
}

bool has_header(const HttpRequest& request, std::string_view name) {
  return std::any_of(request.headers.begin(), request.headers.end(),
                     [&](const HttpHeader& header) { return same_name(header.name, name); });
}

// Feeds bytes to the parser until a whole answer is there or a limit is reached.
class Reader {
 public:
  Reader(const HttpRequest& request, std::string peer)
      : body_limit_(request.body_limit.count), is_head_(request.method == "HEAD"), peer_(peer) {
    start();
  }

  bool is_done() const { return body_was_cut_ || parser_->is_done(); }

  // `piece` is empty when the peer has closed its side.
  Status take(std::string_view piece) {
    boost::system::error_code code;
    if (piece.empty()) {
      const bool has_answered = parser_->got_some() || !pending_.empty();
      if (!has_answered) return nonsense("closed the connection without an answer");
      if (parser_->got_some()) parser_->put_eof(code);
      if (parser_->is_done()) return ok();
      return nonsense("closed the connection in the middle of its answer");
    }
    pending_ += piece;
    while (!pending_.empty() && !is_done()) {
      pending_.erase(0, parser_->put(boost::asio::buffer(pending_), code));
      if (code == http::error::need_more) return check_pending();
      if (code == http::error::body_limit) {
        body_was_cut_ = true;
      } else if (code == http::error::header_limit) {
        return nonsense("answered with a header of more than 64 KiB");
      } else if (code) {
        return nonsense("did not answer in HTTP: " + code.message());
      } else if (parser_->is_done() && is_interim()) {
        if (++interim_count_ > interim_max) return nonsense("sends interim answers without end");
        start();
      }
    }
    return ok();
  }

  HttpResponse finish() {
    http::response<http::string_body>& message = parser_->get();
    HttpResponse response;
    response.status = static_cast<int>(message.result_int());
    for (const auto& field : message) {
      response.headers.push_back({std::string(field.name_string()), std::string(field.value())});
    }
    response.body = std::move(message.body());
    response.body_was_cut = body_was_cut_;
    return response;
  }

 private:
  void start() {
    parser_.emplace();
    parser_->eager(true);
    parser_->skip(is_head_);
    parser_->header_limit(header_limit);
    parser_->body_limit(body_limit_);
  }

  bool is_interim() {
    const unsigned status = parser_->get().result_int();
    return status >= 100 && status < 200 && status != 101;
  }

  // Beast has no limit of its own for the line before a chunk.
  Status check_pending() const {
    if (pending_.size() <= header_limit + piece_size) return ok();
    return nonsense("sends a chunk header without end");
  }

  Error nonsense(std::string_view what) const {
    return error(Code::conflict, fmt::format("{} {}", peer_, printable(what)));
  }

  std::uint64_t body_limit_;
  bool is_head_;
  std::string peer_;
  std::optional<Parser> parser_;
  std::string pending_;
  int interim_count_ = 0;
  bool body_was_cut_ = false;
};

}  // namespace

std::string render_request(const HttpRequest& request, Closing closing) {
  std::string text = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.url.target);
  if (!has_header(request, "Host")) text += fmt::format("Host: {}\r\n", authority(request.url));
  if (!has_header(request, "User-Agent")) text += "User-Agent: squall\r\n";
  if (!has_header(request, "Accept")) text += "Accept: */*\r\n";
  for (const HttpHeader& header : request.headers) {
    text += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  const bool may_have_body = request.method == "POST" || request.method == "PUT";
  if (may_have_body || !request.body.empty()) {
    text += fmt::format("Content-Length: {}\r\n", request.body.size());
  }
  if (closing == Closing::close) text += "Connection: close\r\n";
  return text + "\r\n" + request.body;
}

Status check_request(const HttpRequest& request) {
  if (std::find(methods.begin(), methods.end(), request.method) == methods.end()) {
    return error(Code::invalid, fmt::format("\"{}\" is not a method", printable(request.method)),
                 "use GET, POST, PUT, DELETE or HEAD");
  }
  for (const HttpHeader& header : request.headers) {
    const std::string shown = printable(header.name);
    if (!is_token(header.name)) {
      return error(Code::invalid, fmt::format("\"{}\" cannot be the name of a header", shown),
                   "use letters, digits and \"-\"");
    }
    const auto is_forbidden = [](char letter) {
      return letter == '\r' || letter == '\n' || letter == '\0';
    };
    if (std::any_of(header.value.begin(), header.value.end(), is_forbidden)) {
      return error(Code::invalid, fmt::format("the header {} holds a line break", shown),
                   "write its value on one line");
    }
    for (const std::string_view own : own_headers) {
      if (same_name(header.name, own)) {
        return error(Code::invalid, fmt::format("the header {} cannot be given", shown),
                     "it is set by itself");
      }
    }
  }
  return ok();
}

Result<HttpResponse> read_response(const HttpRequest& request, const std::string& peer,
                                   const std::function<Result<std::string>()>& next_piece) {
  try {
    Reader reader(request, peer);
    while (!reader.is_done()) TRY_VOID(reader.take(TRY(next_piece())));
    return reader.finish();
  } catch (const std::exception& problem) {
    return error(Code::conflict,
                 fmt::format("the answer of {} cannot be read: {}", peer, quote(problem.what())));
  }
}

Result<HttpResponse> exchange(const HttpRequest& request, sys::Patience& patience) {
  TRY_VOID(check_request(request));
  const Endpoint endpoint{.host = request.url.host,
                          .port = request.url.port,
                          .unix_path = request.unix_path,
                          .network_namespace = request.network_namespace};
  Connection connection = TRY(Connection::open(endpoint, patience));
  const Status sent = connection.write_all(render_request(request, Closing::close), patience);
  // A server may refuse a large request by answering before it has read it all, and closing.
  if (!sent.ok() && sent.error().code != Code::refused) return sent.error();
  return read_response(request, connection.peer(), [&]() -> Result<std::string> {
    Result<std::string> piece = connection.read_some(piece_size, patience);
    if (!piece.ok() && !sent.ok()) return sent.error();
    return piece;
  });
}

std::string_view header_value(const HttpResponse& response, std::string_view name) {
  for (const HttpHeader& header : response.headers) {
    if (same_name(header.name, name)) return header.value;
  }
  return {};
}

}  // namespace squall::net
