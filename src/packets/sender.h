// Sends whole packets as they are, sender's address included: copies of packets that were queued.
//
// They take the way of any packet that this host sends, through all its rules. One to an address of
// the host itself arrives there by loopback, whoever seems to have sent it. They carry a mark by
// which the rules that queue packets let them pass.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::packets {

class Sender {
 public:
  // Code::refused without CAP_NET_RAW. A host without IPv6 gets along without.
  static Result<Sender> open(std::optional<int> netns_fd);

  struct Way {
    std::uint32_t mark = 0;
    std::uint32_t device = 0;  // by which it left before; needed for link-local IPv6 addresses
  };
  // False when the host could not send it, for example because it is longer than the link takes.
  bool send(std::string_view packet, const Way& way) const;

 private:
  sys::Fd ipv4_;
  sys::Fd ipv6_;
};

}  // namespace squall::packets
