// A reply that was read can be read again from the same bytes alone, and every shorter text is one
// that is not whole yet, or no reply.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "net/redis.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  const Result<net::ReadReply> read = net::read_reply(bytes);
  if (!read.ok() || !read->is_whole) return 0;
  CHECK(read->used > 0 && read->used <= size, "a reply has bytes");
  const Result<net::ReadReply> again = net::read_reply(bytes.substr(0, read->used));
  CHECK(again.ok() && again->is_whole && again->used == read->used, "it stands by itself");
  const Result<net::ReadReply> cut = net::read_reply(bytes.substr(0, read->used - 1));
  CHECK(!cut.ok() || !cut->is_whole, "it has no byte too many");
  return 0;
}
