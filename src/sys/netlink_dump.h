// Netlink dumps: one question, all objects of a kind as the answer.
#pragma once

#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

// The payloads of all answers to a dump request of this message type: each a fixed header followed
// by attributes. `payload` is the fixed header of the request and what follows it.
// Errors: Code::refused without the right to ask, Code::unsupported or Code::invalid if the kernel
// lacks the part that would answer, Code::conflict if the list kept changing while it was read.
Result<std::vector<std::string>> netlink_dump(const Fd& socket, std::uint16_t type,
                                              std::string_view payload);

struct NetlinkAttribute {
  std::uint16_t type = 0;  // without the flag bits
  std::string_view bytes;
};

// The attributes in `bytes` up to the first that is not whole. The views point into `bytes`.
std::vector<NetlinkAttribute> netlink_attributes(std::string_view bytes);
// Those behind a fixed header of this size.
std::vector<NetlinkAttribute> netlink_attributes_after(std::string_view message,
                                                       std::size_t header);

std::string_view find_attribute(const std::vector<NetlinkAttribute>& attributes,
                                std::uint16_t type);
std::string_view attribute_text(std::string_view bytes);  // up to the first zero byte

// The fixed-size value at the start of `bytes`; zeroes where they are too short.
template <class Value>
Value netlink_value(std::string_view bytes) {
  Value value{};
  if (bytes.size() >= sizeof value) std::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

template <class Value>
std::string netlink_bytes(const Value& value) {
  return std::string(reinterpret_cast<const char*>(&value), sizeof value);
}

}  // namespace squall::sys
