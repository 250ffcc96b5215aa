// Counting what the kernel says of itself: tracepoints, by perf_event_open(2).
//
// The number of a tracepoint stands in tracefs, which is often not mounted. It is mounted here
// without a place in the file system (fsmount(2)): nobody else sees it, and it is gone with its
// descriptor. Counters are descriptors too, so nothing is left when this process dies.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/result.h"
#include "sys/fd.h"

namespace squall::sys {

// The number of events/GROUP/NAME. Code::unsupported with the reason where there is none to be had.
Result<std::int64_t> tracepoint_number(std::string_view group, std::string_view name);

class EventCounter {
 public:
  // Events in the threads of a process, those born later included, that match `filter`, written
  // over the fields of the tracepoint: "sig == 10". A thread born during this call may count
  // twice. Code::not_found when the process is gone, Code::unsupported when this user may not.
  static Result<EventCounter> in_process(std::int64_t pid, std::int64_t tracepoint,
                                         const std::string& filter);
  // Events anywhere on the host.
  static Result<EventCounter> on_host(std::int64_t tracepoint, const std::string& filter);

  // How many there were since; what threads counted that have ended stays in it.
  Result<std::uint64_t> read() const;

 private:
  std::vector<Fd> counters_;
};

}  // namespace squall::sys
