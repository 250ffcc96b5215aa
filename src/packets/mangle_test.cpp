#include "packets/mangle.h"

#include <bitset>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace squall::packets {
namespace {

// The Internet checksum (RFC 1071) of these bytes; 0 over a whole that holds a right one.
std::uint16_t checksum(const std::string& bytes) {
  std::uint32_t sum = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    sum += static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i])) << (i % 2 == 0 ? 8 : 0);
  }
  while (sum >> 16U != 0) sum = (sum & 0xFFFFU) + (sum >> 16U);
  return static_cast<std::uint16_t>(~sum);
}

std::string pseudo_header(const std::string& packet) {
  const std::string transport = packet.substr(20);
  std::string header = packet.substr(12, 8);
  header += '\0';
  header += packet[9];
  header += static_cast<char>(transport.size() >> 8U);
  header += static_cast<char>(transport.size() & 0xFFU);
  return header + transport;
}

constexpr char tcp = 6;
constexpr char udp = 17;

std::string packet_with(char protocol, const std::string& data) {
  std::string packet(20, '\0');
  packet[0] = 0x45;
  packet[9] = protocol;
  packet.replace(12, 8, {"\x0a\x00\x00\x01\x0a\x00\x00\x02", 8});
  const std::size_t checksum_at = protocol == tcp ? 36 : 26;
  packet.append(protocol == tcp ? 20 : 8, '\x11');
  if (protocol == tcp) packet[32] = 0x50;
  packet += data;
  packet[checksum_at] = packet[checksum_at + 1] = '\0';
  const std::uint16_t sum = checksum(pseudo_header(packet));
  packet[checksum_at] = static_cast<char>(sum >> 8U);
  packet[checksum_at + 1] = static_cast<char>(sum & 0xFFU);
  return packet;
}

int bits_that_differ(const std::string& one, const std::string& other, std::size_t from) {
  std::size_t count = 0;
  for (std::size_t i = from; i < one.size(); ++i) {
    count += std::bitset<8>(static_cast<unsigned char>(one[i] ^ other[i])).count();
  }
  return static_cast<int>(count);
}

RC_GTEST_PROP(Mangle, TurnsOverOneBitAndLeavesTheChecksumWrong,
              (bool is_tcp, const std::string& data, std::uint64_t choice)) {
  const std::string before = packet_with(is_tcp ? tcp : udp, data);
  std::string after = before;
  RC_ASSERT(mangle(after, {.choice = choice}));
  RC_ASSERT(after.size() == before.size());
  RC_ASSERT(bits_that_differ(before, after, 20) == 1);
  RC_ASSERT(before.substr(0, 20) == after.substr(0, 20));
  RC_ASSERT(checksum(pseudo_header(after)) != 0);
}

RC_GTEST_PROP(Mangle, RepairsTheChecksumOfWrongData,
              (bool is_tcp, const std::string& data, std::uint64_t choice)) {
  RC_PRE(!data.empty());
  const std::string before = packet_with(is_tcp ? tcp : udp, data);
  std::string after = before;
  RC_ASSERT(mangle(after, {.choice = choice, .repairs_checksum = true}));
  RC_ASSERT(bits_that_differ(before, after, is_tcp ? 40 : 28) == 1);
  RC_ASSERT(checksum(pseudo_header(after)) == 0);
}

RC_GTEST_PROP(Mangle, LeavesAloneWhatIsNoPacket, (std::string bytes, std::uint64_t choice)) {
  for (const bool repairs : {false, true}) {
    std::string after = bytes;
    if (!mangle(after, {.choice = choice, .repairs_checksum = repairs})) RC_ASSERT(after == bytes);
    RC_ASSERT(after.size() == bytes.size());
  }
}

TEST(Mangle, FindsNothingToChangeWithoutData) {
  std::string packet = packet_with(tcp, "");
  EXPECT_FALSE(mangle(packet, {.choice = 7, .repairs_checksum = true}));
  packet[6] = 0x20;  // more fragments follow
  EXPECT_FALSE(mangle(packet, {.choice = 7}));
}

}  // namespace
}  // namespace squall::packets
