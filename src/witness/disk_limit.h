// What control groups say about one block device: how much a group may read and write, and how much
// it did. Texts of the kernel's files, read here.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <string_view>

namespace squall::witness {

// In this order everywhere: bytes read, bytes written, reads, writes; each per second.
using PerSecond = std::array<double, 4>;
inline constexpr double no_limit = std::numeric_limits<double>::infinity();
inline constexpr PerSecond no_limits{no_limit, no_limit, no_limit, no_limit};

// A line "8:0 1048576" of blkio.throttle.*_device (version 1); no_limit where there is none.
double parse_v1_limit(std::string_view text, std::string_view device);
// A line "8:0 rbps=max wbps=1048576 riops=max wiops=max" of io.max (version 2).
PerSecond parse_v2_limits(std::string_view text, std::string_view device);

// "read at most 1 MiB/s, write at most 20 /s", or "no limit".
std::string describe_limits(const PerSecond& limits);
// The tighter of each.
PerSecond tighter(const PerSecond& one, const PerSecond& other);

}  // namespace squall::witness
