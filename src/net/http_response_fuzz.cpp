// Feeds the HTTP client with an answer in odd pieces. The first byte chooses the method, the size
// of the pieces and the limit of the body.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/http_client.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  if (size == 0) return 0;
  std::string_view rest(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece_size = 1 + data[0] % 16U * 7;
  const net::HttpRequest request{.method = (data[0] & 0x10U) != 0 ? "HEAD" : "GET",
                                 .body_limit = {(data[0] & 0x20U) != 0 ? 16U : 4096U}};
  bool has_ended = false;
  const Result<net::HttpResponse> response =
      net::read_response(request, "peer", [&]() -> Result<std::string> {
        CHECK(!has_ended, "nothing is asked for after the end");
        const std::string piece(rest.substr(0, piece_size));
        rest.remove_prefix(std::min(piece.size(), rest.size()));
        has_ended = piece.empty();
        return piece;
      });
  if (!response.ok()) return 0;
  CHECK(response->body.size() <= request.body_limit.count, "the body keeps its limit");
  CHECK(response->status >= 0 && response->status <= 999, "a status has three digits");
  static_cast<void>(net::header_value(*response, "Content-Type"));
  return 0;
}
