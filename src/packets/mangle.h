// Turns over one bit of a packet, as a bad cable or a bad memory does.
#pragma once

#include <cstdint>
#include <string>

namespace squall::packets {

// `packet` is a whole IPv4 or IPv6 packet; `choice` says which bit.
// Without repair, any bit behind the network header: the checksum is wrong from then on, and the
// receiver's kernel throws the packet away. With repair, a bit of the data that TCP or UDP carries;
// the checksum is made right for it (RFC 1624), so that the application gets the wrong data.
// False, and nothing is touched, where there is no such bit: no data, a fragment, another protocol,
// or bytes that are no packet.
struct Mangling {
  std::uint64_t choice = 0;
  bool repairs_checksum = false;
};
bool mangle(std::string& packet, const Mangling& mangling);

}  // namespace squall::packets
