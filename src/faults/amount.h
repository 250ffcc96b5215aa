// What the kinds that take a part of a resource have in common: an amount, a share, or all but a
// rest, settled against what is there.
#pragma once

#include <cstdint>
#include <string_view>

#include "faults/fault.h"

namespace squall::fault {

enum class Whole { available, total };

// In the resource's own unit: bytes, or a count. 0 means that it is not given.
struct Amount {
  std::uint64_t fixed = 0;
  double share = 0;
  Whole of = Whole::available;
  std::uint64_t leave = 0;
};

struct Supply {
  std::uint64_t available = 0;
  std::uint64_t total = 0;
};

// One way to say how much, and only one. `names` are those of the three parameters: "size, share or
// leave_free".
Status check_amount(const Amount& amount, std::string_view fixed_name, std::string_view leave_name);
// How much that is here; Code::refused when it comes to nothing.
Result<std::uint64_t> settle(const Amount& amount, const Supply& supply);

// What of an amount that is taken over `ramp` must be there when a witness first has to see it: all
// but a hundredth, of a leak half of what is due after 2 s.
std::int64_t visible_part(std::int64_t amount, Duration ramp);

// The text of a file that the kind's `wants` named; Code::unsupported when it could not be read.
Result<std::string> content_of(const Facts& facts, std::string_view path);

// MemAvailable, which counts what the kernel could free at once, and MemTotal. From /proc/meminfo.
Result<Supply> memory_supply(const Facts& facts);
// Open files of the host. From /proc/sys/fs/file-nr.
Result<Supply> descriptor_supply(const Facts& facts);
// Threads of the host. From /proc/loadavg, /proc/sys/kernel/pid_max and threads-max.
Result<Supply> process_supply(const Facts& facts);

inline constexpr std::string_view memory_file = "/proc/meminfo";
inline constexpr std::string_view descriptor_file = "/proc/sys/fs/file-nr";
inline constexpr std::string_view load_file = "/proc/loadavg";
inline constexpr std::string_view pid_limit_file = "/proc/sys/kernel/pid_max";
inline constexpr std::string_view thread_limit_file = "/proc/sys/kernel/threads-max";

}  // namespace squall::fault
