// Feeds the reader of messages with bytes in odd pieces; the first byte chooses the direction and
// the size of the pieces. Every byte must come out again, in its order, and pieces must make no
// difference to the messages that are found.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/check.h"
#include "proxy/http/message_reader.h"

namespace {

using namespace squall::proxy::http;

class Copy final : public MessageReader::Sink {
 public:
  MessageReader::Following take_head(Head head, std::string_view raw) override {
    bytes += raw;
    seen += "<" + head.method + std::to_string(head.status) + ">";
    Head again;
    CHECK(read_head(render(head), head.is_request(), again), "a head that is rendered can be read");
    CHECK(again.headers.size() == head.headers.size(), "and has the same headers");
    return MessageReader::Following::as_framed;
  }
  void take_body(std::string_view raw, std::string_view content) override {
    bytes += raw;
    seen += content;
  }
  void take_message_end() override { seen += "<end>"; }
  void take_foreign(std::string_view raw) override { bytes += raw; }

  std::string bytes;
  std::string seen;
};

std::string read_all(std::string_view bytes, bool is_request, std::size_t piece_size) {
  MessageReader reader(is_request, true);
  Copy copy;
  for (std::string_view left = bytes; !left.empty();) {
    const std::string_view piece = left.substr(0, piece_size);
    reader.take(piece, copy);
    CHECK(reader.held() <= head_max, "what is held keeps its limit");
    left.remove_prefix(piece.size());
  }
  reader.finish(copy);
  CHECK(copy.bytes == bytes, "every byte comes out in its order");
  return copy.seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const bool is_request = data[0] % 2 == 0;
  const std::string whole = read_all(bytes, is_request, std::max<std::size_t>(bytes.size(), 1));
  const std::string pieces = read_all(bytes, is_request, 1 + data[0] / 2 % 16U);
  // Behind a request for another protocol a piece decides whether it is a request.
  std::string lower(bytes);
  for (char& letter : lower) letter = static_cast<char>(std::tolower(letter));
  const bool may_turn =
      lower.find("upgrade") != std::string::npos || lower.find("connect") != std::string::npos;
  CHECK(may_turn || whole == pieces, "pieces make no difference");
  return 0;
}
