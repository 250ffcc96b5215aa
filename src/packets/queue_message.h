// The messages of an NFQUEUE, as bytes in memory: no socket here
// (linux/netfilter/nfnetlink_queue.h).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace squall::packets {

// One packet that waits in the kernel for a verdict.
struct Queued {
  std::uint32_t id = 0;
  bool is_leaving = false;  // met at the output hook
  std::uint32_t mark = 0;
  std::uint32_t out_device = 0;  // index; 0 where there is none
  std::uint64_t length = 0;      // of the packet; 0 when nothing of it was asked for
  // Its first bytes, as many as were asked for. Points into the datagram that was read.
  std::string_view bytes;
};

struct Arrivals {
  std::vector<Queued> packets;
  std::vector<int> errors;  // positive errno, one for each request that the kernel refused
};
// Reads one datagram of the kernel and adds to `arrivals`. Nothing is trusted to be whole; what
// cannot be read is left out.
void read_datagram(std::string_view datagram, Arrivals& arrivals);

// What is asked of the kernel at the start.
struct QueueSetting {
  std::uint16_t number = 0;
  std::uint32_t length_max = 1024;  // packets; beyond it they pass
  bool whole_segments = false;      // take what the offloads of the host put together as one packet
  std::uint32_t copied_bytes = 0;   // of each packet
};
// Three requests, each to be acknowledged, in this order: bind (refused when somebody serves that
// number already), the copying, the length and the flags.
std::vector<std::string> setup_requests(const QueueSetting& setting);

struct Verdict {
  std::uint32_t id = 0;
  bool is_dropped = false;
  std::uint32_t mark = 0;                      // 0: as it was
  std::optional<std::string_view> bytes = {};  // the packet becomes this
};
// Adds the message to `bytes`; several may go out at once.
void append_verdict(std::string& bytes, std::uint16_t queue, const Verdict& verdict);

}  // namespace squall::packets
