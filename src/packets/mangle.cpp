#include "packets/mangle.h"

#include <optional>

#include <netinet/in.h>

namespace squall::packets {
namespace {

// Where the parts of a packet begin, in bytes.
struct Layout {
  std::size_t transport = 0;
  std::size_t data = 0;      // equal to the size where there is none
  std::size_t checksum = 0;  // of TCP or UDP; 0 for others
  bool may_lack_checksum = false;
};

unsigned byte_at(const std::string& packet, std::size_t index) {
  return static_cast<unsigned char>(packet[index]);
}

std::optional<Layout> layout_of(const std::string& packet) {
  constexpr std::size_t ipv6_header = 40;
  if (packet.size() < 20) return std::nullopt;
  const unsigned version = byte_at(packet, 0) >> 4U;
  Layout layout;
  unsigned protocol = 0;
  if (version == 4) {
    const unsigned fragment = (byte_at(packet, 6) << 8U | byte_at(packet, 7)) & 0x3FFFU;
    if (fragment != 0) return std::nullopt;
    layout.transport = (byte_at(packet, 0) & 0xFU) * std::size_t{4};
    protocol = byte_at(packet, 9);
  } else if (version == 6 && packet.size() >= ipv6_header) {
    layout.transport = ipv6_header;
    protocol = byte_at(packet, 6);
  }
  if (layout.transport < 20 || layout.transport >= packet.size()) return std::nullopt;
  layout.data = packet.size();
  if (protocol == IPPROTO_TCP && layout.transport + 20 <= packet.size()) {
    layout.checksum = layout.transport + 16;
    layout.data =
        layout.transport + (byte_at(packet, layout.transport + 12) >> 4U) * std::size_t{4};
  } else if (protocol == IPPROTO_UDP && layout.transport + 8 <= packet.size()) {
    layout.checksum = layout.transport + 6;
    layout.data = layout.transport + 8;
    layout.may_lack_checksum = true;
  }
  return layout;
}

std::uint16_t word_at(const std::string& packet, std::size_t index) {
  const unsigned low = index + 1 < packet.size() ? byte_at(packet, index + 1) : 0;
  return static_cast<std::uint16_t>(byte_at(packet, index) << 8U | low);
}

// RFC 1624, equation 3.
void repair(std::string& packet, const Layout& layout, std::uint16_t before, std::uint16_t after) {
  const std::uint16_t checksum = word_at(packet, layout.checksum);
  if (layout.may_lack_checksum && checksum == 0) return;
  std::uint32_t sum = static_cast<std::uint16_t>(~checksum) + std::uint32_t{0} +
                      static_cast<std::uint16_t>(~before) + after;
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  auto repaired = static_cast<std::uint16_t>(~sum);
  if (layout.may_lack_checksum && repaired == 0) repaired = 0xFFFF;  // 0 would mean "none"
  packet[layout.checksum] = static_cast<char>(repaired >> 8U);
  packet[layout.checksum + 1] = static_cast<char>(repaired & 0xFFU);
}

}  // namespace

bool mangle(std::string& packet, const Mangling& mangling) {
  const std::optional<Layout> layout = layout_of(packet);
  if (!layout) return false;
  const std::size_t first = mangling.repairs_checksum ? layout->data : layout->transport;
  if (first >= packet.size()) return false;
  if (mangling.repairs_checksum && layout->checksum == 0) return false;
  const std::size_t index = first + (mangling.choice >> 3U) % (packet.size() - first);
  const std::size_t word = index - (index - layout->transport) % 2;
  const std::uint16_t before = word_at(packet, word);
  packet[index] = static_cast<char>(byte_at(packet, index) ^ (1U << (mangling.choice & 7U)));
  if (mangling.repairs_checksum) repair(packet, *layout, before, word_at(packet, word));
  return true;
}

}  // namespace squall::packets
