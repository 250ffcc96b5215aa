// A line at a time for what has lines, a count for what has a length. An answer with both a length
// and chunks, or with two different lengths, is nonsense: somebody tries to smuggle one in.
#include "net/load/http_answer.h"

#include <algorithm>
#include <charconv>

#include "core/text.h"

namespace squall::net {
namespace {

char lower(char letter) {
  return letter >= 'A' && letter <= 'Z' ? static_cast<char>(letter + 32) : letter;
}

bool same_word(std::string_view a, std::string_view b) {
  return a.size() == b.size() && std::equal(a.begin(), a.end(), b.begin(),
                                            [](char x, char y) { return lower(x) == lower(y); });
}

template <class Number>
bool read_number(std::string_view text, int base, Number& number) {
  const auto [rest, code] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return code == std::errc() && rest == text.data() + text.size();
}

// True when the list, whose members have commas between them, holds the word.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (same_word(trim(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// 501 and 505 are in the family of failures, but say what a server decided: it does not do that.
LoadVerdict verdict_of(int status) {
  if (status == 501 || status == 505) return LoadVerdict::rejected;
  if (status >= 500) return LoadVerdict::failed;
  if (status >= 400) return LoadVerdict::rejected;
  return status >= 300 ? LoadVerdict::redirected : LoadVerdict::accepted;
}

}  // namespace

void HttpAnswerReader::reset() {
  part_ = Part::status_line;
  line_size_ = 0;
  head_size_ = 0;
  body_left_ = 0;
  is_chunked_ = false;
  has_length_ = false;
  closes_ = false;
}

// True when a whole line is there.
bool HttpAnswerReader::take_line(std::string_view& rest) {
  const std::size_t end = std::min(rest.find('\n'), rest.size());
  const std::size_t kept = std::min(end, line_seen_max - line_size_);
  rest.copy(line_.data() + line_size_, kept);
  line_size_ += kept;
  head_size_ += end + 1;
  const bool is_whole = end < rest.size();
  rest.remove_prefix(std::min(end + 1, rest.size()));
  if (is_whole && line_size_ > 0 && line_[line_size_ - 1] == '\r') --line_size_;
  return is_whole;
}

LoadAnswer HttpAnswerReader::take(std::string_view bytes) {
  LoadAnswer answer;
  std::string_view rest = bytes;
  while (!rest.empty() && answer.state == LoadAnswer::State::unfinished) {
    if (part_ == Part::until_close) {
      rest = {};
    } else if (part_ == Part::sized_body || part_ == Part::chunk) {
      const std::uint64_t taken = std::min<std::uint64_t>(body_left_, rest.size());
      rest.remove_prefix(static_cast<std::size_t>(taken));
      body_left_ -= taken;
      if (body_left_ > 0) continue;
      if (part_ == Part::sized_body) finish(answer);
      part_ = part_ == Part::chunk ? Part::chunk_end : part_;
    } else if (take_line(rest)) {
      if (!read_line(answer)) answer.state = LoadAnswer::State::nonsense;
      line_size_ = 0;
    }
    if (head_size_ > head_max) answer.state = LoadAnswer::State::nonsense;
  }
  answer.used = bytes.size() - rest.size();
  if (answer.state == LoadAnswer::State::done) reset();
  return answer;
}

LoadAnswer HttpAnswerReader::take_end() {
  LoadAnswer answer;
  if (part_ == Part::until_close) finish(answer);
  return answer;
}

bool HttpAnswerReader::read_line(LoadAnswer& answer) {
  switch (part_) {
    case Part::status_line:
      return read_status_line();
    case Part::headers:
      return line().empty() ? end_of_headers(answer) : read_header();
    case Part::chunk_size:
      return read_chunk_size();
    case Part::chunk_end:
      part_ = Part::chunk_size;
      return line().empty();
    case Part::trailers:
      if (line().empty()) finish(answer);
      return true;
    default:
      return false;
  }
}

bool HttpAnswerReader::read_status_line() {
  // "HTTP/1.1 200 OK"; the words after the number may be missing.
  const std::string_view text = line();
  if (text.size() < 12 || !text.starts_with("HTTP/1.") || text[8] != ' ') return false;
  if (text.size() > 12 && text[12] != ' ') return false;
  if (!read_number(text.substr(9, 3), 10, status_) || status_ < 100) return false;
  closes_ = text[7] == '0';
  part_ = Part::headers;
  return true;
}

bool HttpAnswerReader::read_header() {
  const std::string_view text = line();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return false;
  const std::string_view name = text.substr(0, colon);
  const std::string_view value = trim(text.substr(colon + 1));
  if (same_word(name, "content-length")) {
    std::uint64_t length = 0;
    if (!read_number(value, 10, length)) return false;
    if (has_length_ && length != body_left_) return false;
    has_length_ = true;
    body_left_ = length;
  } else if (same_word(name, "transfer-encoding")) {
    if (!lists(value, "chunked")) return false;
    is_chunked_ = true;
  } else if (same_word(name, "connection")) {
    if (lists(value, "close")) closes_ = true;
    if (lists(value, "keep-alive")) closes_ = false;
  }
  return true;
}

bool HttpAnswerReader::end_of_headers(LoadAnswer& answer) {
  const bool is_interim = status_ < 200 && status_ != 101;
  if (is_interim) {
    const std::size_t size = head_size_;
    reset();
    head_size_ = size;  // so that interim answers without end are nonsense at last
    return true;
  }
  if (is_chunked_ && has_length_) return false;
  const bool has_no_body = is_head_ || status_ == 204 || status_ == 304;
  if (has_no_body || (has_length_ && body_left_ == 0)) {
    finish(answer);
  } else if (is_chunked_) {
    part_ = Part::chunk_size;
  } else {
    part_ = has_length_ ? Part::sized_body : Part::until_close;
  }
  return true;
}

bool HttpAnswerReader::read_chunk_size() {
  const std::string_view digits = trim(line().substr(0, line().find(';')));
  if (!read_number(digits, 16, body_left_)) return false;
  head_size_ = 0;
  part_ = body_left_ == 0 ? Part::trailers : Part::chunk;
  return true;
}

void HttpAnswerReader::finish(LoadAnswer& answer) {
  answer.state = LoadAnswer::State::done;
  answer.verdict = verdict_of(status_);
  answer.is_last = closes_ || status_ == 101;
}

}  // namespace squall::net
