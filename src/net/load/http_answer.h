// Reads HTTP/1.1 answers off a connection that is used again and again: finds where each ends
// (RFC 9112, section 6.3) and keeps nothing but its status. Allocates nothing.
#pragma once

#include <array>

#include "net/load/protocol.h"

namespace squall::net {

class HttpAnswerReader final : public LoadReader {
 public:
  explicit HttpAnswerReader(bool is_head = false) : is_head_(is_head) {}
  void reset() override;
  LoadAnswer take(std::string_view bytes) override;
  LoadAnswer take_end() override;
  // Of the last answer that was done.
  int status() const { return status_; }

 private:
  enum class Part {
    status_line,
    headers,
    sized_body,
    chunk_size,
    chunk,
    chunk_end,
    trailers,
    until_close
  };
  // Longer lines are taken in, but only this much of them is looked at.
  static constexpr std::size_t line_seen_max = 256;
  static constexpr std::size_t head_max = 64 << 10;

  bool take_line(std::string_view& rest);
  bool read_line(LoadAnswer& answer);
  bool read_status_line();
  bool read_header();
  bool read_chunk_size();
  bool end_of_headers(LoadAnswer& answer);
  void finish(LoadAnswer& answer);
  std::string_view line() const { return {line_.data(), line_size_}; }

  bool is_head_;
  Part part_ = Part::status_line;
  std::array<char, line_seen_max> line_{};
  std::size_t line_size_ = 0;
  std::size_t head_size_ = 0;
  std::uint64_t body_left_ = 0;
  int status_ = 0;
  bool is_chunked_ = false;
  bool has_length_ = false;
  bool closes_ = false;
};

}  // namespace squall::net
