// Reads HTTP/1.x messages out of one direction of a connection as it comes by, in whatever pieces
// (RFC 9112). Nothing is kept but the head of a message until it is whole: what is read is handed
// on in its own bytes, with what they mean, so that somebody may change a message and leave all
// others as they were.
//
// What cannot be read for sure is passed on as it is, for the rest of the connection: heads beyond
// head_max, odd or doubled lengths, codings other than chunked, folded or broken headers, HTTP/2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "net/http_client.h"

namespace squall::proxy::http {

constexpr std::size_t head_max = 32 << 10;     // bytes, with the empty line
constexpr std::size_t size_line_max = 256;     // of a chunk
constexpr std::size_t trailers_max = 8 << 10;  // bytes behind the last chunk

struct Head {
  std::string method;  // of a request
  std::string target;
  int status = 0;  // of a response
  std::string reason;
  std::string version;  // "HTTP/1.1"
  std::vector<net::HttpHeader> headers;

  // The first one of that name, in any case; nullptr when there is none.
  const net::HttpHeader* find(std::string_view name) const;
  void remove(std::string_view name);
  bool is_request() const { return status == 0; }
};

std::string render(const Head& head);
// Nothing when it is no head. `text` ends with the empty line.
bool read_head(std::string_view text, bool is_request, Head& head);

class MessageReader {
 public:
  // What follows a head: what it says itself, no body whatever it says, or another protocol.
  enum class Following : std::uint8_t { as_framed, nothing, foreign };

  class Sink {
   public:
    virtual ~Sink() = default;
    virtual Following take_head(Head head, std::string_view raw) = 0;
    // `content` is the part of `raw` that is no framing.
    virtual void take_body(std::string_view raw, std::string_view content) = 0;
    virtual void take_message_end() = 0;
    // Bytes of no message. One that was under way has no end.
    virtual void take_foreign(std::string_view raw) = 0;
  };

  // One that begins in the middle of a connection waits for a piece which begins as a message does.
  MessageReader(bool reads_requests, bool is_from_start)
      : reads_requests_(reads_requests), state_(is_from_start ? State::head : State::seeking) {}

  void take(std::string_view bytes, Sink& sink);
  // The stream ends.
  void finish(Sink& sink);
  // The beginning of a head, which is forgotten here.
  std::string take_pending() { return std::exchange(pending_, {}); }
  std::size_t held() const { return pending_.size(); }
  bool is_seeking() const { return state_ == State::seeking; }
  // Nothing can be read any more.
  bool is_foreign() const { return state_ == State::foreign; }

 private:
  enum class State : std::uint8_t {
    seeking,
    head,
    sized,
    size_line,
    chunk,
    chunk_end,
    trailers,
    until_end,
    foreign
  };

  std::string_view take_head_bytes(std::string_view bytes, Sink& sink);
  std::string_view take_content(std::string_view bytes, Sink& sink);
  std::string_view take_line(std::string_view bytes, Sink& sink);
  void begin_body(const Head& head, Following following, Sink& sink);
  bool end_line(Sink& sink);
  void end_message(Sink& sink);
  bool looks_like_a_message(std::string_view bytes) const;

  bool reads_requests_;
  State state_;
  bool may_turn_foreign_ = false;  // the request asks for another protocol
  std::uint64_t left_ = 0;         // of the body or the chunk
  std::size_t trailers_size_ = 0;
  std::string pending_;  // of a head
  std::string line_;     // of the framing between chunks
};

}  // namespace squall::proxy::http
