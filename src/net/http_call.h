// HTTP/1.x requests as a server reads them: bytes go in as they arrive, whole calls come out.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "core/units.h"
#include "net/http_client.h"

namespace squall::net {

struct HttpCall {
  std::string method;  // as it was written
  std::string path;    // of the target, with its %XX decoded
  std::string query;   // behind the '?', as it was written
  std::vector<HttpHeader> headers;
  std::string body;        // transfer coding taken off
  bool keeps_open = true;  // the connection, after the answer
};

// The value of the first header of that name, in any case; empty when there is none.
std::string_view header_value(const HttpCall& call, std::string_view name);

// "Not Found" for 404.
std::string_view reason_phrase(int status);

class HttpCallReader {
 public:
  // A header may have 64 KiB.
  explicit HttpCallReader(Bytes body_limit);
  ~HttpCallReader();
  HttpCallReader(HttpCallReader&&) noexcept;
  HttpCallReader& operator=(HttpCallReader&&) noexcept;

  // Takes from the front of `bytes` what it can use. Nothing: the call is not whole yet. Errors:
  // Code::invalid for what is no HTTP, Code::refused for what is too large; nothing can be read
  // after that.
  Result<std::optional<HttpCall>> take(std::string& bytes);
  // The client waits for "100 Continue" before it sends the body; said once a call.
  bool wants_go_ahead();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace squall::net
