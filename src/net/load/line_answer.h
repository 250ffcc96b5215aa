// Answers that are one line each, as Redis gives to a push and NATS to a publish.
#pragma once

#include <array>

#include "net/load/protocol.h"

namespace squall::net {

// What one line says.
enum class LineMeaning : std::uint8_t {
  accepted,
  rejected,
  ignored,  // no answer to a request
  ping,     // to be answered by "PONG"
  nonsense,
};

// Replies of Redis to commands that give a status, a number or an error (RESP, simple types).
LineMeaning redis_line(std::string_view line);
// What a NATS server says to a client that asked for acknowledgements (verbose).
LineMeaning nats_line(std::string_view line);

class LineAnswerReader final : public LoadReader {
 public:
  using Meaning = LineMeaning (*)(std::string_view line);
  explicit LineAnswerReader(Meaning meaning) : meaning_(meaning) {}
  void reset() override { size_ = 0; }
  LoadAnswer take(std::string_view bytes) override;

 private:
  // A longer line is nonsense; NATS tells of itself in about one kilobyte.
  static constexpr std::size_t line_max = 64 << 10;
  static constexpr std::size_t line_seen_max = 64;

  Meaning meaning_;
  std::array<char, line_seen_max> line_{};
  std::size_t size_ = 0;
};

}  // namespace squall::net
