#include "proxy/http/message_reader.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include <fmt/core.h>
#include <strings.h>

#include "core/text.h"

namespace squall::proxy::http {
namespace {

constexpr std::string_view head_end = "\r\n\r\n";
constexpr std::string_view response_start = "HTTP/1.";
constexpr std::size_t method_max = 32;

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && ::strncasecmp(a.data(), b.data(), a.size()) == 0;
}

bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), [](unsigned char letter) {
    return std::isalnum(letter) != 0 ||
           std::string_view("!#$%&'*+-.^_`|~").find(static_cast<char>(letter)) !=
               std::string_view::npos;
  });
}

bool is_version(std::string_view text) {
  return text == "HTTP/1.1" || text == "HTTP/1.0";
}

bool has_no_controls(std::string_view text) {
  return std::none_of(text.begin(), text.end(), [](unsigned char letter) {
    return (letter < ' ' && letter != '\t') || letter == 0x7F;
  });
}

bool read_request_line(std::string_view line, Head& head) {
  const std::size_t first = line.find(' ');
  const std::size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return false;
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  head.version = line.substr(last + 1);
  return is_token(head.method) && head.method.size() <= method_max && is_version(head.version) &&
         head.target.find(' ') == std::string::npos;
}

bool read_status_line(std::string_view line, Head& head) {
  if (line.size() < 12 || line[8] != ' ' || (line.size() > 12 && line[12] != ' ')) return false;
  head.version = line.substr(0, 8);
  const std::string_view digits = line.substr(9, 3);
  const auto [end, problem] = std::from_chars(digits.data(), digits.data() + 3, head.status);
  if (line.size() > 13) head.reason = line.substr(13);
  return is_version(head.version) && problem == std::errc() && end == digits.data() + 3 &&
         head.status >= 100;
}

bool read_header(std::string_view line, Head& head) {
  const std::size_t colon = line.find(':');
  if (colon == std::string_view::npos || !is_token(line.substr(0, colon))) return false;
  head.headers.push_back(
      {std::string(line.substr(0, colon)), std::string(trim(line.substr(colon + 1)))});
  return true;
}

// Whether the beginning of a head may still become one. Another protocol must not be kept waiting
// for the end of a head that never comes.
bool may_become_head(std::string_view text, bool is_request) {
  if (text.empty() || text == "\r") return true;
  const std::size_t end = text.find("\r\n");
  if (end != std::string_view::npos) {
    Head head;
    const std::string_view line = text.substr(0, end);
    return is_request ? read_request_line(line, head) : read_status_line(line, head);
  }
  if (!is_request) {
    return response_start.starts_with(text.substr(0, response_start.size()));
  }
  const std::string_view method = text.substr(0, text.find(' '));
  return is_token(method) && method.size() <= method_max;
}

struct Length {
  bool is_sound = true;
  bool is_chunked = false;
  bool is_known = false;
  std::uint64_t bytes = 0;
};

// One length, or chunks; both, two, or another coding cannot be trusted (RFC 9112, section 6.3).
Length length_of(const Head& head) {
  Length length;
  for (const net::HttpHeader& header : head.headers) {
    if (same_word(header.name, "Transfer-Encoding")) {
      length.is_sound = length.is_sound && !length.is_chunked && same_word(header.value, "chunked");
      length.is_chunked = true;
    } else if (same_word(header.name, "Content-Length")) {
      std::uint64_t bytes = 0;
      const char* last = header.value.data() + header.value.size();
      const auto [end, problem] = std::from_chars(header.value.data(), last, bytes);
      length.is_sound = length.is_sound && problem == std::errc() && end == last &&
                        header.value.size() <= 18 && (!length.is_known || bytes == length.bytes);
      length.is_known = true;
      length.bytes = bytes;
    }
  }
  length.is_sound = length.is_sound && !(length.is_chunked && length.is_known);
  return length;
}

}  // namespace

const net::HttpHeader* Head::find(std::string_view name) const {
  for (const net::HttpHeader& header : headers) {
    if (same_word(header.name, name)) return &header;
  }
  return nullptr;
}

void Head::remove(std::string_view name) {
  std::erase_if(headers, [&](const auto& header) { return same_word(header.name, name); });
}

std::string render(const Head& head) {
  std::string text = head.is_request()
                         ? fmt::format("{} {} {}\r\n", head.method, head.target, head.version)
                         : fmt::format("{} {} {}\r\n", head.version, head.status, head.reason);
  for (const net::HttpHeader& header : head.headers) {
    text += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  return text + "\r\n";
}

bool read_head(std::string_view text, bool is_request, Head& head) {
  bool is_first = true;
  while (text != "\r\n") {
    const std::size_t end = text.find("\r\n");
    if (end == std::string_view::npos) return false;
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(end + 2);
    if (!has_no_controls(line)) return false;
    const bool is_sound = !is_first    ? read_header(line, head)
                          : is_request ? read_request_line(line, head)
                                       : read_status_line(line, head);
    if (!is_sound) return false;
    is_first = false;
  }
  return !is_first;
}

bool MessageReader::looks_like_a_message(std::string_view bytes) const {
  const std::string_view line = bytes.substr(0, bytes.find("\r\n"));
  Head head;
  if (line.size() == bytes.size()) return false;
  return reads_requests_ ? read_request_line(line, head) : read_status_line(line, head);
}

void MessageReader::take(std::string_view bytes, Sink& sink) {
  if (state_ == State::seeking && looks_like_a_message(bytes)) state_ = State::head;
  while (!bytes.empty()) {
    switch (state_) {
      case State::seeking:
      case State::foreign:
        return sink.take_foreign(bytes);
      case State::head:
        bytes = take_head_bytes(bytes, sink);
        break;
      case State::sized:
      case State::chunk:
      case State::until_end:
        bytes = take_content(bytes, sink);
        break;
      case State::size_line:
      case State::chunk_end:
      case State::trailers:
        bytes = take_line(bytes, sink);
        break;
    }
  }
}

void MessageReader::finish(Sink& sink) {
  if (!pending_.empty()) sink.take_foreign(take_pending());
  if (state_ == State::until_end) sink.take_message_end();
  state_ = State::foreign;
}

std::string_view MessageReader::take_head_bytes(std::string_view bytes, Sink& sink) {
  const std::size_t before = pending_.size();
  const std::string_view piece = bytes.substr(0, head_max + 1);
  pending_ += piece;
  std::size_t from = before < 3 ? 0 : before - 3;
  // Empty lines before a message are nothing (RFC 9112, section 2.2).
  while (pending_.starts_with("\r\n")) {
    sink.take_foreign("\r\n");
    pending_.erase(0, 2);
    from = 0;
  }
  const std::size_t end = pending_.find(head_end, from);
  if (end == std::string::npos) {
    if (pending_.size() > head_max || !may_become_head(pending_, reads_requests_)) {
      state_ = State::foreign;
      sink.take_foreign(take_pending());
    }
    return bytes.substr(piece.size());
  }
  const std::size_t size = end + head_end.size();
  const std::string_view rest = bytes.substr(piece.size() - (pending_.size() - size));
  pending_.resize(size);
  const std::string raw = take_pending();
  Head head;
  if (size > head_max || !read_head(raw, reads_requests_, head)) {
    state_ = State::foreign;
    sink.take_foreign(raw);
    return rest;
  }
  const Length length = length_of(head);
  if (!length.is_sound) {
    state_ = State::foreign;
    sink.take_foreign(raw);
    return rest;
  }
  const Head framing = head;
  begin_body(framing, sink.take_head(std::move(head), raw), sink);
  return rest;
}

void MessageReader::begin_body(const Head& head, Following following, Sink& sink) {
  const Length length = length_of(head);
  may_turn_foreign_ = reads_requests_ && (head.method == "CONNECT" || head.find("Upgrade"));
  if (following == Following::foreign) {
    state_ = State::foreign;
  } else if (following == Following::nothing) {
    end_message(sink);
  } else if (length.is_chunked) {
    state_ = State::size_line;
  } else if (length.is_known && length.bytes > 0) {
    state_ = State::sized;
    left_ = length.bytes;
  } else if (length.is_known || reads_requests_) {
    end_message(sink);
  } else {
    state_ = State::until_end;
  }
}

// Behind a request for another protocol either that one comes or, if it was refused, another
// request: a piece that begins as a request does tells which.
void MessageReader::end_message(Sink& sink) {
  state_ = may_turn_foreign_ ? State::seeking : State::head;
  sink.take_message_end();
}

std::string_view MessageReader::take_content(std::string_view bytes, Sink& sink) {
  if (state_ == State::until_end) {
    sink.take_body(bytes, bytes);
    return {};
  }
  const std::string_view content = bytes.substr(0, left_);
  left_ -= content.size();
  sink.take_body(content, content);
  if (left_ == 0) {
    if (state_ == State::sized) {
      end_message(sink);
    } else {
      state_ = State::chunk_end;
    }
  }
  return bytes.substr(content.size());
}

std::string_view MessageReader::take_line(std::string_view bytes, Sink& sink) {
  const std::size_t end = bytes.find('\n');
  const std::string_view part = bytes.substr(0, end == std::string_view::npos ? end : end + 1);
  line_ += part;
  const std::size_t limit = state_ == State::trailers ? trailers_max : size_line_max;
  const bool is_whole = end != std::string_view::npos;
  if (line_.size() > limit || (is_whole && !line_.ends_with("\r\n"))) {
    state_ = State::foreign;
    line_ = {};
    return bytes;
  }
  sink.take_body(part, {});
  if (is_whole && !end_line(sink)) {
    state_ = State::foreign;
    line_ = {};
  }
  return bytes.substr(part.size());
}

// A whole line of framing; false when it is none.
bool MessageReader::end_line(Sink& sink) {
  const std::string line = std::exchange(line_, {});
  const std::string_view text = std::string_view(line).substr(0, line.size() - 2);
  if (state_ == State::chunk_end) {
    state_ = State::size_line;
    return text.empty();
  }
  if (state_ == State::trailers) {
    trailers_size_ += line.size();
    if (text.empty()) end_message(sink);
    return trailers_size_ <= trailers_max;
  }
  const std::string_view digits = trim(text.substr(0, text.find(';')));
  const char* last = digits.data() + digits.size();
  const auto [stopped, problem] = std::from_chars(digits.data(), last, left_, 16);
  if (problem != std::errc() || stopped != last || digits.size() > 15) return false;
  trailers_size_ = 0;
  state_ = left_ == 0 ? State::trailers : State::chunk;
  return true;
}

}  // namespace squall::proxy::http
