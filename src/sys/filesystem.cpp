#include "sys/filesystem.h"

#include <cerrno>
#include <charconv>

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"
#include "sys/mounts.h"

namespace squall::sys {
namespace {

// Returns what is mounted there: a device file, where it is one.
std::string name_mount(const std::string& path, Filesystem& filesystem) {
  const Result<std::vector<Mount>> mounts = read_mounts(::getpid());
  const Mount* mount = mounts.ok() ? mount_of(*mounts, path) : nullptr;
  if (mount == nullptr) return "";
  filesystem.mount_point = mount->point;
  filesystem.type = mount->type;
  return mount->source;
}

// Limits and counters of a partition are kept by the disk that it is a part of. Filesystems over
// several disks (Btrfs) have a number of their own and name one of the disks as their source.
DeviceNumber disk_below(DeviceNumber device, const std::string& source) {
  struct stat status {};
  if (device.major == 0 && source.starts_with('/') && ::stat(source.c_str(), &status) == 0 &&
      S_ISBLK(status.st_mode)) {
    device = {major(status.st_rdev), minor(status.st_rdev)};
  }
  const std::string entry = "/sys/dev/block/" + render(device);
  if (device.major == 0 || !exists(entry)) return {};
  if (!exists(entry + "/partition")) return device;
  const Result<std::string> whole = read_file(entry + "/../dev", 64);
  DeviceNumber disk;
  if (!whole.ok()) return disk;
  const char* end = whole->data() + whole->size();
  const auto [colon, problem] = std::from_chars(whole->data(), end, disk.major);
  if (problem == std::errc() && colon != end) std::from_chars(colon + 1, end, disk.minor);
  return disk;
}

}  // namespace

std::string render(DeviceNumber device) {
  return fmt::format("{}:{}", device.major, device.minor);
}

Result<Filesystem> look_at_filesystem(const std::string& path) {
  const std::string real = TRY(real_path(path));
  struct statvfs space {};
  struct stat status {};
  if (::statvfs(real.c_str(), &space) != 0 || ::stat(real.c_str(), &status) != 0) {
    return errno_error(errno, fmt::format("looking at the filesystem of {}", printable(real)));
  }
  const std::uint64_t unit = space.f_frsize;
  Filesystem filesystem{.device = {major(status.st_dev), minor(status.st_dev)},
                        .block = Bytes{unit},
                        .total = Bytes{space.f_blocks * unit},
                        .free = Bytes{space.f_bfree * unit},
                        .available = Bytes{space.f_bavail * unit},
                        .inodes = space.f_files,
                        .free_inodes = space.f_ffree,
                        .is_read_only = (space.f_flag & ST_RDONLY) != 0};
  filesystem.disk = disk_below(filesystem.device, name_mount(real, filesystem));
  return filesystem;
}

}  // namespace squall::sys
