#include "proxy/answers.h"

#include <fmt/core.h>

#include "core/text.h"

namespace squall::proxy {

using net::HttpAnswer;

HttpAnswer json_answer(int status, const json::value& value) {
  return {status, {{"Content-Type", "application/json"}}, compact_json(value)};
}

HttpAnswer text_answer(int status, std::string text) {
  return {status,
          {{"Content-Type", "text/plain; charset=utf-8"}, {"X-Content-Type-Options", "nosniff"}},
          std::move(text)};
}

// The original says that its errors are text, whatever they are.
HttpAnswer problem(int status, const std::string& message) {
  return text_answer(
      status,
      compact_json(json::object{{"error", repair_utf8(message)}, {"status", status}}) + "\n");
}

HttpAnswer bad_body(const Error& detail) {
  const std::string next = detail.next.empty() ? "" : fmt::format(" ({})", detail.next);
  return problem(400, fmt::format("bad request body: {}{}", detail.message, next));
}

HttpAnswer no_proxy() {
  return problem(404, "proxy not found");
}
HttpAnswer no_toxic() {
  return problem(404, "toxic not found");
}

}  // namespace squall::proxy
