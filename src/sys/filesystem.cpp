#include "sys/filesystem.h"

#include <cerrno>

#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/sysmacros.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

// The kernel writes blanks and backslashes of a path as three octal digits.
std::string unescape(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 3 >= text.size()) {
      plain += text[i];
      continue;
    }
    plain +=
        static_cast<char>((text[i + 1] - '0') * 64 + (text[i + 2] - '0') * 8 + text[i + 3] - '0');
    i += 3;
  }
  return plain;
}

// Lines of mountinfo: "36 35 98:0 /root /point options optional... - type source options". The
// longest mount point above the path is meant; of several on one point, the last.
void name_mount(const std::string& path, Filesystem& filesystem) {
  const Result<std::string> table = read_file("/proc/self/mountinfo");
  if (!table.ok()) return;
  for (const std::string& line : split(*table, '\n')) {
    const std::size_t dash = line.find(" - ");
    const std::vector<std::string> fields = split(line.substr(0, dash), ' ');
    if (dash == std::string::npos || fields.size() < 6) continue;
    const std::string point = unescape(fields[4]);
    const bool is_above =
        point == "/" || path == point || (path.starts_with(point) && path[point.size()] == '/');
    if (!is_above || point.size() < filesystem.mount_point.size()) continue;
    filesystem.mount_point = point;
    const std::string rest = line.substr(dash + 3);
    filesystem.type = rest.substr(0, rest.find(' '));
  }
}

}  // namespace

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
  name_mount(real, filesystem);
  return filesystem;
}

}  // namespace squall::sys
