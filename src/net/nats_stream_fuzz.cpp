// However the bytes are cut into pieces, the same messages are counted.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/nats.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  net::NatsStream whole;
  const bool is_good = whole.take(bytes).ok();
  net::NatsStream pieces;
  bool are_good = true;
  const std::size_t step = 1 + data[0] % 5;
  for (std::size_t at = 0; at < size && are_good; at += step) {
    are_good = pieces.take(bytes.substr(at, step)).ok();
  }
  CHECK(is_good == are_good, "the pieces do not matter");
  CHECK(whole.messages() == pieces.messages(), "the messages are the same");
  CHECK(whole.pings() == pieces.pings() && whole.pongs() == pieces.pongs(), "and the pings");
  return 0;
}
