#include "packets/queue_message.h"

#include <cstring>

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_queue.h>

namespace squall::packets {
namespace {

std::uint16_t type_of(int message) {
  return static_cast<std::uint16_t>((NFNL_SUBSYS_QUEUE << 8) | message);
}

// A message at the end of `bytes` which grows with it.
class Message {
 public:
  Message(std::string& bytes, int type, unsigned flags, std::uint16_t queue)
      : bytes_(bytes), start_(bytes.size()) {
    const nlmsghdr header{.nlmsg_type = type_of(type),
                          .nlmsg_flags = static_cast<std::uint16_t>(NLM_F_REQUEST | flags)};
    const nfgenmsg extra{
        .nfgen_family = AF_UNSPEC, .version = NFNETLINK_V0, .res_id = htons(queue)};
    add(&header, sizeof header);
    add(&extra, sizeof extra);
  }
  template <class T>
  void put(std::uint16_t type, const T& value) {
    put_bytes(type, {reinterpret_cast<const char*>(&value), sizeof value});
  }
  void put_bytes(std::uint16_t type, std::string_view value) {
    const nlattr attribute{.nla_len = static_cast<std::uint16_t>(sizeof(nlattr) + value.size()),
                           .nla_type = type};
    add(&attribute, sizeof attribute);
    add(value.data(), value.size());
  }
  ~Message() {
    const auto length = static_cast<std::uint32_t>(bytes_.size() - start_);
    std::memcpy(bytes_.data() + start_, &length, sizeof length);  // nlmsg_len comes first
  }
  Message(const Message&) = delete;
  Message& operator=(const Message&) = delete;

 private:
  void add(const void* from, std::size_t size) {
    bytes_.append(static_cast<const char*>(from), size);
    bytes_.append(MNL_ALIGN(size) - size, '\0');
  }
  std::string& bytes_;
  std::size_t start_;
};

std::uint32_t number_of(const nlattr* attribute) {
  std::uint32_t wire = 0;
  if (mnl_attr_get_payload_len(attribute) >= sizeof wire) {
    std::memcpy(&wire, mnl_attr_get_payload(attribute), sizeof wire);
  }
  return ntohl(wire);
}

bool read_attribute(const nlattr* attribute, Queued& packet) {
  const std::size_t size = mnl_attr_get_payload_len(attribute);
  const auto* payload = static_cast<const char*>(mnl_attr_get_payload(attribute));
  switch (mnl_attr_get_type(attribute)) {
    case NFQA_PACKET_HDR: {
      nfqnl_msg_packet_hdr header{};
      if (size < sizeof header) return false;
      std::memcpy(&header, payload, sizeof header);
      packet.id = ntohl(header.packet_id);
      packet.is_leaving = header.hook == NF_INET_LOCAL_OUT;
      return true;
    }
    case NFQA_MARK:
      packet.mark = number_of(attribute);
      break;
    case NFQA_IFINDEX_OUTDEV:
      packet.out_device = number_of(attribute);
      break;
    case NFQA_CAP_LEN:
      packet.length = number_of(attribute);
      break;
    case NFQA_PAYLOAD:
      packet.bytes = {payload, size};
      break;
    default:
      break;
  }
  return false;
}

void read_packet(const nlmsghdr* message, Arrivals& arrivals) {
  const std::size_t size = mnl_nlmsg_get_payload_len(message);
  if (size < MNL_ALIGN(sizeof(nfgenmsg))) return;
  const auto* attribute =
      static_cast<const nlattr*>(mnl_nlmsg_get_payload_offset(message, sizeof(nfgenmsg)));
  auto left = static_cast<int>(size - MNL_ALIGN(sizeof(nfgenmsg)));
  Queued packet;
  bool has_header = false;
  while (mnl_attr_ok(attribute, left)) {
    has_header = read_attribute(attribute, packet) || has_header;
    left -= static_cast<int>(MNL_ALIGN(static_cast<std::size_t>(attribute->nla_len)));
    attribute = mnl_attr_next(attribute);
  }
  if (!has_header) return;
  if (packet.length == 0) packet.length = packet.bytes.size();
  arrivals.packets.push_back(packet);
}

void read_error(const nlmsghdr* message, Arrivals& arrivals) {
  if (mnl_nlmsg_get_payload_len(message) < sizeof(nlmsgerr)) return;
  nlmsgerr problem{};
  std::memcpy(&problem, mnl_nlmsg_get_payload(message), sizeof problem);
  if (problem.error < 0 && problem.error > -4096) arrivals.errors.push_back(-problem.error);
}

}  // namespace

void read_datagram(std::string_view datagram, Arrivals& arrivals) {
  const auto* message = reinterpret_cast<const nlmsghdr*>(datagram.data());
  auto left = static_cast<int>(datagram.size());
  while (mnl_nlmsg_ok(message, left)) {
    if (message->nlmsg_type == type_of(NFQNL_MSG_PACKET)) read_packet(message, arrivals);
    if (message->nlmsg_type == NLMSG_ERROR) read_error(message, arrivals);
    message = mnl_nlmsg_next(message, &left);
  }
}

std::vector<std::string> setup_requests(const QueueSetting& setting) {
  std::vector<std::string> requests(3);
  {
    Message bind(requests[0], NFQNL_MSG_CONFIG, NLM_F_ACK, setting.number);
    bind.put(NFQA_CFG_CMD, nfqnl_msg_config_cmd{.command = NFQNL_CFG_CMD_BIND});
  }
  {
    const bool copies = setting.copied_bytes > 0;
    Message copying(requests[1], NFQNL_MSG_CONFIG, NLM_F_ACK, setting.number);
    copying.put(NFQA_CFG_PARAMS,
                nfqnl_msg_config_params{.copy_range = htonl(setting.copied_bytes),
                                        .copy_mode = static_cast<std::uint8_t>(
                                            copies ? NFQNL_COPY_PACKET : NFQNL_COPY_META)});
  }
  {
    const std::uint32_t known = NFQA_CFG_F_FAIL_OPEN | NFQA_CFG_F_GSO;
    const std::uint32_t flags =
        NFQA_CFG_F_FAIL_OPEN | (setting.whole_segments ? NFQA_CFG_F_GSO : 0);
    Message flow(requests[2], NFQNL_MSG_CONFIG, NLM_F_ACK, setting.number);
    flow.put(NFQA_CFG_QUEUE_MAXLEN, htonl(setting.length_max));
    flow.put(NFQA_CFG_MASK, htonl(known));
    flow.put(NFQA_CFG_FLAGS, htonl(flags));
  }
  return requests;
}

void append_verdict(std::string& bytes, std::uint16_t queue, const Verdict& verdict) {
  Message message(bytes, NFQNL_MSG_VERDICT, 0, queue);
  message.put(NFQA_VERDICT_HDR,
              nfqnl_msg_verdict_hdr{.verdict = htonl(verdict.is_dropped ? NF_DROP : NF_ACCEPT),
                                    .id = htonl(verdict.id)});
  if (verdict.mark != 0) message.put(NFQA_MARK, htonl(verdict.mark));
  if (verdict.bytes) message.put_bytes(NFQA_PAYLOAD, *verdict.bytes);
}

}  // namespace squall::packets
