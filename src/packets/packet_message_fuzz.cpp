// What the kernel says of queued packets: nothing is read beyond the datagram, whatever is in it.
#include <cstddef>
#include <cstdint>
#include <string>

#include "core/check.h"
#include "packets/mangle.h"
#include "packets/queue_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace squall;
  const std::string datagram(reinterpret_cast<const char*>(data), size);
  packets::Arrivals arrivals;
  packets::read_datagram(datagram, arrivals);
  for (const packets::Queued& packet : arrivals.packets) {
    const char* begin = packet.bytes.data();
    CHECK(
        packet.bytes.empty() || (begin >= datagram.data() &&
                                 begin + packet.bytes.size() <= datagram.data() + datagram.size()),
        "the bytes of a packet lie in the datagram");
    std::string bytes(packet.bytes);
    packets::mangle(bytes, {.choice = packet.id, .repairs_checksum = packet.is_leaving});
    CHECK(bytes.size() == packet.bytes.size(), "mangling changes no length");
  }
  return 0;
}
