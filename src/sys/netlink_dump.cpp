#include "sys/netlink_dump.h"

#include <cerrno>

#include <fmt/core.h>
#include <linux/netlink.h>
#include <sys/socket.h>

namespace squall::sys {
namespace {

constexpr int attempts_max = 8;
constexpr std::size_t answer_size_max = 64 << 10;  // the kernel fills at most 32 KiB at once

struct Answers {
  std::vector<std::string> payloads;
  bool is_complete = false;
  bool is_interrupted = false;  // objects came or went meanwhile; some may be missing
  int refusal = 0;              // a positive errno
};

// Takes in the messages of one datagram.
void read_datagram(std::string_view datagram, std::uint32_t sequence, Answers& answers) {
  while (datagram.size() >= sizeof(nlmsghdr)) {
    const auto header = netlink_value<nlmsghdr>(datagram);
    if (header.nlmsg_len < sizeof header || header.nlmsg_len > datagram.size()) return;
    const std::string_view payload =
        datagram.substr(sizeof header, header.nlmsg_len - sizeof header);
    datagram.remove_prefix(std::min<std::size_t>(NLMSG_ALIGN(header.nlmsg_len), datagram.size()));
    if (header.nlmsg_seq != sequence) continue;
    if ((header.nlmsg_flags & NLM_F_DUMP_INTR) != 0) answers.is_interrupted = true;
    if (header.nlmsg_type == NLMSG_DONE || header.nlmsg_type == NLMSG_ERROR) {
      answers.is_complete = true;  // both carry a negative errno, or 0, in front
      answers.refusal = -netlink_value<std::int32_t>(payload);
    } else if (header.nlmsg_type != NLMSG_NOOP) {
      answers.payloads.emplace_back(payload);
    }
  }
}

Status send_request(const Fd& socket, std::uint16_t type, std::uint32_t sequence,
                    std::string_view payload) {
  nlmsghdr header{};
  header.nlmsg_len = static_cast<std::uint32_t>(sizeof header + payload.size());
  header.nlmsg_type = type;
  header.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
  header.nlmsg_seq = sequence;
  const std::string request = netlink_bytes(header).append(payload);
  sockaddr_nl kernel{};
  kernel.nl_family = AF_NETLINK;
  const auto* address = reinterpret_cast<const sockaddr*>(&kernel);
  if (::sendto(socket.get(), request.data(), request.size(), 0, address, sizeof kernel) < 0) {
    return errno_error(errno, "asking the kernel by netlink");
  }
  return ok();
}

// The kernel prepares each datagram when the one before is fetched, so the next is always there and
// nothing here can wait for ever.
Result<Answers> dump_once(const Fd& socket, std::uint16_t type, std::uint32_t sequence,
                          std::string_view payload) {
  TRY_VOID(send_request(socket, type, sequence, payload));
  Answers answers;
  std::string buffer(answer_size_max, '\0');
  while (!answers.is_complete) {
    sockaddr_nl sender{};
    socklen_t size = sizeof sender;
    const ssize_t got = ::recvfrom(socket.get(), buffer.data(), buffer.size(), MSG_DONTWAIT,
                                   reinterpret_cast<sockaddr*>(&sender), &size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, "reading the kernel's answer by netlink");
    if (sender.nl_pid != 0) continue;  // only the kernel is port 0
    read_datagram({buffer.data(), static_cast<std::size_t>(got)}, sequence, answers);
  }
  return answers;
}

}  // namespace

Result<std::vector<std::string>> netlink_dump(const Fd& socket, std::uint16_t type,
                                              std::string_view payload) {
  for (std::uint32_t attempt = 1; attempt <= attempts_max; ++attempt) {
    // Unlike those of earlier dumps on this socket, whatever is left of their answers.
    const std::uint32_t sequence = std::uint32_t{type} << 8 | attempt;
    Answers answers = TRY(dump_once(socket, type, sequence, payload));
    if (answers.refusal != 0) {
      return errno_error(answers.refusal, "the kernel does not answer the netlink request");
    }
    if (!answers.is_interrupted) return std::move(answers.payloads);
  }
  return error(Code::conflict,
               fmt::format("the list changed during each of {} readings", attempts_max));
}

std::vector<NetlinkAttribute> netlink_attributes(std::string_view bytes) {
  std::vector<NetlinkAttribute> attributes;
  while (bytes.size() >= sizeof(nlattr)) {
    const auto header = netlink_value<nlattr>(bytes);
    if (header.nla_len < sizeof header || header.nla_len > bytes.size()) break;
    attributes.push_back({static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                          bytes.substr(sizeof header, header.nla_len - sizeof header)});
    bytes.remove_prefix(std::min<std::size_t>(NLA_ALIGN(header.nla_len), bytes.size()));
  }
  return attributes;
}

std::vector<NetlinkAttribute> netlink_attributes_after(std::string_view message,
                                                       std::size_t header) {
  return header <= message.size() ? netlink_attributes(message.substr(header))
                                  : std::vector<NetlinkAttribute>{};
}

std::string_view find_attribute(const std::vector<NetlinkAttribute>& attributes,
                                std::uint16_t type) {
  for (const NetlinkAttribute& attribute : attributes) {
    if (attribute.type == type) return attribute.bytes;
  }
  return {};
}

std::string_view attribute_text(std::string_view bytes) {
  return bytes.substr(0, bytes.find('\0'));
}

}  // namespace squall::sys
