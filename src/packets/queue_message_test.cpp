#include "packets/queue_message.h"

#include <cerrno>
#include <cstring>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>
#include <linux/netlink.h>

namespace squall::packets {
namespace {

std::string attribute(std::uint16_t type, const std::string& value) {
  const nlattr header{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + value.size()),
                      .nla_type = type};
  std::string bytes(reinterpret_cast<const char*>(&header), sizeof header);
  bytes += value;
  bytes.resize((bytes.size() + 3) / 4 * 4);
  return bytes;
}

template <class T>
std::string bytes_of(const T& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

std::string message(int type, const std::string& body) {
  const nlmsghdr header{.nlmsg_len = static_cast<std::uint32_t>(sizeof(nlmsghdr) + body.size()),
                        .nlmsg_type = static_cast<std::uint16_t>(type)};
  return bytes_of(header) + body;
}

std::string packet(std::uint32_t id, const std::string& more) {
  const nfqnl_msg_packet_hdr header{.packet_id = htonl(id), .hook = 3};
  return message(NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_PACKET,
                 bytes_of(nfgenmsg{}) + attribute(NFQA_PACKET_HDR, bytes_of(header)) + more);
}

TEST(QueueMessage, ReadsPackets) {
  const std::string datagram =
      packet(7, attribute(NFQA_MARK, bytes_of(htonl(0x20))) + attribute(NFQA_PAYLOAD, "abc") +
                    attribute(NFQA_CAP_LEN, bytes_of(htonl(1500)))) +
      packet(8, attribute(NFQA_PAYLOAD, "de"));
  Arrivals arrivals;
  read_datagram(datagram, arrivals);
  ASSERT_EQ(arrivals.packets.size(), 2U);
  EXPECT_EQ(arrivals.packets[0].id, 7U);
  EXPECT_TRUE(arrivals.packets[0].is_leaving);
  EXPECT_EQ(arrivals.packets[0].mark, 0x20U);
  EXPECT_EQ(arrivals.packets[0].bytes, "abc");
  EXPECT_EQ(arrivals.packets[0].length, 1500U);
  EXPECT_EQ(arrivals.packets[1].id, 8U);
  EXPECT_EQ(arrivals.packets[1].length, 2U);
}

TEST(QueueMessage, ReadsRefusals) {
  Arrivals arrivals;
  read_datagram(message(NLMSG_ERROR, bytes_of(nlmsgerr{.error = -EPERM})), arrivals);
  read_datagram(message(NLMSG_ERROR, bytes_of(nlmsgerr{.error = 0})), arrivals);
  EXPECT_EQ(arrivals.errors, std::vector<int>{EPERM});
}

// A verdict, read as the kernel reads it.
TEST(QueueMessage, WritesVerdictsThatTheKernelReads) {
  std::string bytes;
  append_verdict(bytes, 300, {.id = 9, .mark = 5, .bytes = "xyz"});
  append_verdict(bytes, 300, {.id = 10, .is_dropped = true});
  nlmsghdr header{};
  std::memcpy(&header, bytes.data(), sizeof header);
  EXPECT_EQ(header.nlmsg_type, NFNL_SUBSYS_QUEUE << 8 | NFQNL_MSG_VERDICT);
  EXPECT_EQ(bytes.substr(sizeof header + 4),
            attribute(NFQA_VERDICT_HDR,
                      bytes_of(nfqnl_msg_verdict_hdr{.verdict = htonl(1), .id = htonl(9)})) +
                attribute(NFQA_MARK, bytes_of(htonl(5))) + attribute(NFQA_PAYLOAD, "xyz") +
                bytes.substr(header.nlmsg_len));
  std::memcpy(&header, bytes.data() + header.nlmsg_len, sizeof header);
  EXPECT_EQ(header.nlmsg_len, sizeof header + 4 + 12);
}

}  // namespace
}  // namespace squall::packets
