// Feeds the reader of requests with bytes in odd pieces; the first byte chooses their size. The
// same bytes at once must give the same calls.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/check.h"
#include "net/http_call.h"

namespace {

std::string read_all(std::string_view bytes, std::size_t piece_size) {
  using namespace squall;
  net::HttpCallReader reader(Bytes{4096});
  std::string pending;
  std::string seen;
  while (!bytes.empty()) {
    const std::string_view piece = bytes.substr(0, piece_size);
    pending += piece;
    bytes.remove_prefix(piece.size());
    while (true) {
      const auto call = reader.take(pending);
      if (!call.ok()) return seen + "wrong";
      static_cast<void>(reader.wants_go_ahead());
      if (!call->has_value()) break;
      CHECK((*call)->body.size() <= 4096, "the body keeps its limit");
      seen += (*call)->method + " " + (*call)->path + "?" + (*call)->query + "\n" + (*call)->body;
    }
  }
  return seen;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  CHECK(read_all(bytes, 1 + data[0] % 16U * 7) == read_all(bytes, std::max<std::size_t>(size, 1)),
        "pieces make no difference");
  return 0;
}
