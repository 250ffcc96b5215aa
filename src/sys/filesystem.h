// The filesystem that a path lies on: what it is, and how much is left of it.
#pragma once

#include <cstdint>
#include <string>

#include "core/result.h"
#include "core/units.h"

namespace squall::sys {

struct DeviceNumber {
  unsigned major = 0;
  unsigned minor = 0;
  friend auto operator<=>(const DeviceNumber&, const DeviceNumber&) = default;
};
std::string render(DeviceNumber device);  // "8:1"

struct Filesystem {
  std::string type;         // "ext4"; empty when the mount table does not name it
  std::string mount_point;  // as this process sees it
  DeviceNumber device;      // major 0 where no block device is behind it
  DeviceNumber disk;        // the whole disk that holds it; major 0 where there is none
  Bytes block;              // the unit in which space is given out
  Bytes total;
  Bytes free;                // for root
  Bytes available;           // for everybody else
  std::uint64_t inodes = 0;  // 0 where the filesystem makes them as it needs them
  std::uint64_t free_inodes = 0;
  bool is_read_only = false;
};

// Code::not_found when there is nothing at the path.
Result<Filesystem> look_at_filesystem(const std::string& path);

}  // namespace squall::sys
