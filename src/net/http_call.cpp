// Beside the client, the only file that sees Beast: its parser on bytes in memory, no I/O.
#include "net/http_call.h"

#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/status.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/core.h>

#include "core/text.h"

namespace squall::net {
namespace {

namespace http = boost::beast::http;
using Parser = http::request_parser<http::string_body>;

constexpr std::uint32_t header_limit = 64 << 10;

int hex_digit(char letter) {
  if (letter >= '0' && letter <= '9') return letter - '0';
  if (letter >= 'a' && letter <= 'f') return letter - 'a' + 10;
  if (letter >= 'A' && letter <= 'F') return letter - 'A' + 10;
  return -1;
}

Result<std::string> decode(std::string_view path) {
  std::string text;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i] != '%') {
      text += path[i];
      continue;
    }
    const int high = i + 2 < path.size() ? hex_digit(path[i + 1]) : -1;
    const int low = i + 2 < path.size() ? hex_digit(path[i + 2]) : -1;
    if (high < 0 || low < 0) return error(Code::invalid, "a % in the path is no %XX");
    text += static_cast<char>(high * 16 + low);
    i += 2;
  }
  return text;
}

Result<HttpCall> call_of(http::request<http::string_body>& message) {
  HttpCall call;
  call.method = std::string(message.method_string());
  std::string_view target(message.target().data(), message.target().size());
  // A proxy's form of the target names the host as well (RFC 9112, section 3.2.2).
  if (target.starts_with("http://")) {
    const std::size_t slash = target.find('/', 7);
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  const std::size_t query = target.find('?');
  call.path = TRY(decode(target.substr(0, query)));
  if (query != std::string_view::npos) call.query = target.substr(query + 1);
  for (const auto& field : message) {
    call.headers.push_back({std::string(field.name_string()), std::string(field.value())});
  }
  call.keeps_open = message.keep_alive();
  call.body = std::move(message.body());
  return call;
}

}  // namespace

struct HttpCallReader::State {
  explicit State(std::uint64_t limit) : body_limit(limit) { start(); }
  void start() {
    parser.emplace();
    parser->eager(true);
    parser->header_limit(header_limit);
    parser->body_limit(body_limit);
    has_said_go_ahead = false;
  }

  std::uint64_t body_limit;
  std::optional<Parser> parser;
  bool has_said_go_ahead = false;
};

HttpCallReader::HttpCallReader(Bytes body_limit)
    : state_(std::make_unique<State>(body_limit.count)) {}
HttpCallReader::~HttpCallReader() = default;
HttpCallReader::HttpCallReader(HttpCallReader&&) noexcept = default;
HttpCallReader& HttpCallReader::operator=(HttpCallReader&&) noexcept = default;

Result<std::optional<HttpCall>> HttpCallReader::take(std::string& bytes) {
  boost::system::error_code code;
  while (!bytes.empty()) {
    bytes.erase(0, state_->parser->put(boost::asio::buffer(bytes), code));
    if (code == http::error::need_more) {
      // Beast has no limit of its own for the line before a chunk.
      if (bytes.size() <= header_limit) return std::optional<HttpCall>();
      code = http::error::header_limit;
    }
    if (code == http::error::body_limit || code == http::error::header_limit) {
      return error(Code::refused, "the request is too large");
    }
    if (code) return error(Code::invalid, fmt::format("no HTTP: {}", printable(code.message())));
    if (!state_->parser->is_done()) continue;
    HttpCall call = TRY(call_of(state_->parser->get()));
    state_->start();
    return std::optional<HttpCall>(std::move(call));
  }
  return std::optional<HttpCall>();
}

bool HttpCallReader::wants_go_ahead() {
  if (!state_->parser->is_header_done() || state_->has_said_go_ahead) return false;
  const auto expected = state_->parser->get().find(http::field::expect);
  if (expected == state_->parser->get().end()) return false;
  state_->has_said_go_ahead = boost::beast::iequals(expected->value(), "100-continue");
  return state_->has_said_go_ahead;
}

std::string_view reason_phrase(int status) {
  const boost::beast::string_view phrase =
      http::obsolete_reason(http::int_to_status(static_cast<unsigned>(status)));
  return {phrase.data(), phrase.size()};
}

std::string_view header_value(const HttpCall& call, std::string_view name) {
  for (const HttpHeader& header : call.headers) {
    if (boost::beast::iequals(header.name, name)) return header.value;
  }
  return {};
}

}  // namespace squall::net
