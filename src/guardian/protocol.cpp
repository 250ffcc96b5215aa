#include "guardian/protocol.h"

#include <fmt/core.h>

namespace squall::guardian {
namespace {

constexpr std::size_t header_bytes = 4;

}  // namespace

std::string encode_frame(const json::object& message) {
  const std::string body = canonical_json(message);
  std::string frame;
  for (std::size_t i = 0; i < header_bytes; ++i) {
    frame += static_cast<char>(body.size() >> (8 * i) & 255);
  }
  return frame + body;
}

Result<std::optional<json::object>> FrameReader::next() {
  if (buffer_.size() < header_bytes) return std::optional<json::object>();
  std::size_t length = 0;
  for (std::size_t i = 0; i < header_bytes; ++i) {
    length |= static_cast<std::size_t>(static_cast<unsigned char>(buffer_[i])) << (8 * i);
  }
  if (length > frame_bytes_max) {
    return error(Code::invalid,
                 fmt::format("a message of {} bytes is longer than allowed", length));
  }
  if (buffer_.size() < header_bytes + length) return std::optional<json::object>();
  json::value value = TRY(parse_json(std::string_view(buffer_).substr(header_bytes, length)));
  buffer_.erase(0, header_bytes + length);
  if (!value.is_object()) return error(Code::invalid, "a message must be a JSON object");
  return std::optional<json::object>(std::move(value.get_object()));
}

json::object answer_error(const Error& problem) {
  return {{"ok", false},
          {"code", code_name(problem.code)},
          {"message", problem.render()},
          {"next", problem.next}};
}

Result<json::object> read_answer(json::object answer) {
  if (bool_at(answer, "ok")) return answer;
  return error(code_from_name(text_at(answer, "code")),
               text_at(answer, "message", "the guardian gave no reason"), text_at(answer, "next"));
}

}  // namespace squall::guardian
