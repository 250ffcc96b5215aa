// Limits on what a control group reads from and writes to a block device. Their files hold a line
// for each device that has a limit, and each write is about one device; what the file shows of
// others is none of our business.
//
//  - version 1: blkio.throttle.{read,write}_{bps,iops}_device, "8:0 1048576"; 0 lifts the limit;
//  - version 2: io.max, "8:0 rbps=max wbps=1048576 riops=max wiops=max", all four in one line.
#pragma once

#include <string>
#include <string_view>

namespace squall::change {

bool is_device_limit(std::string_view name);
// Whether the kernel could take `value`: a device, and what it may be limited to.
bool is_device_limit_value(std::string_view name, std::string_view value);
// The line about the device that `value` names, as the file shows it; where there is none, the line
// that lifts the limit. Written back, it restores what was shown.
std::string device_line(std::string_view name, std::string_view text, std::string_view value);
// The line after `value` was written over `before`, a device_line.
std::string device_line_after(std::string_view name, std::string_view before,
                              std::string_view value);
// The line that lifts the limit on the device of `value`.
std::string unlimited_device(std::string_view name, std::string_view value);

}  // namespace squall::change
