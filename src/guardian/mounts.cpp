#include "guardian/mounts.h"

#include <fcntl.h>
#include <fmt/core.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

// Blanks, line feeds and backslashes are written in octal: "\040".
std::string unescape(std::string_view text) {
  std::string plain;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const auto digit = [&](std::size_t i) {
      return at + i < text.size() ? text[at + i] - '0' : -1;
    };
    const bool is_octal = text[at] == '\\' && digit(1) >= 0 && digit(1) < 4 && digit(2) >= 0 &&
                          digit(2) < 8 && digit(3) >= 0 && digit(3) < 8;
    if (!is_octal) {
      plain += text[at];
      continue;
    }
    plain += static_cast<char>(digit(1) * 64 + digit(2) * 8 + digit(3));
    at += 3;
  }
  return plain;
}

// The mount of the file that is found at the path, or at the folder where it would be.
std::string mount_id(const std::string& path) {
  Result<sys::Fd> fd = sys::open_file(path, O_PATH | O_NOFOLLOW);
  if (!fd.ok()) fd = sys::open_file(sys::folder_of(path), O_PATH | O_NOFOLLOW);
  if (!fd.ok()) return {};
  const Result<std::string> info =
      sys::read_file(fmt::format("/proc/self/fdinfo/{}", fd->get()), 65536);
  if (!info.ok()) return {};
  for (const std::string& line : split(*info, '\n')) {
    if (line.starts_with("mnt_id:")) return std::string(trim(line.substr(7)));
  }
  return {};
}

}  // namespace

MountTable MountTable::read() {
  MountTable table;
  const Result<std::string> text = sys::read_file("/proc/self/mountinfo");
  if (!text.ok()) return table;
  for (const std::string& line : split(*text, '\n')) {
    // "36 35 98:0 /root/within /mount/point rw - ext4 /dev/sda1 rw"
    const std::vector<std::string> words = split(line, ' ');
    if (words.size() < 6) continue;
    table.mounts_[words[0]] = {words[2], unescape(words[3]), unescape(words[4])};
  }
  return table;
}

std::optional<Location> MountTable::locate(const std::string& path) const {
  const auto found = mounts_.find(mount_id(path));
  if (found == mounts_.end()) return std::nullopt;
  const Mount& mount = found->second;
  const std::string_view point = mount.point == "/" ? std::string_view() : mount.point;
  if (!path.starts_with(point)) return std::nullopt;
  const std::string below = path.substr(point.size());
  const std::string root = mount.root == "/" ? "" : mount.root;
  return Location{mount.device, root + below == "" ? "/" : root + below};
}

}  // namespace squall::guardian
