#include "sys/file_identity.h"

#include <array>
#include <cerrno>
#include <span>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "core/text.h"

namespace squall::sys {
namespace {

// Empty where the filesystem has no handles or the kernel gives them to nobody here.
std::string handle_text(int folder, const char* name, int flags) {
  struct {
    file_handle head;
    std::array<unsigned char, MAX_HANDLE_SZ> bytes;
  } handle{};
  handle.head.handle_bytes = MAX_HANDLE_SZ;
  int mount = 0;
  if (::name_to_handle_at(folder, name, &handle.head, &mount, flags) != 0) return {};
  return fmt::format("{}:{}", handle.head.handle_type,
                     to_hex(std::span(handle.bytes).first(handle.head.handle_bytes)));
}

Result<std::string> identity(int folder, const char* name, int flags, const std::string& shown) {
  struct statx status {};
  if (::statx(folder, name, flags, STATX_INO | STATX_BTIME, &status) != 0) {
    return errno_error(errno, "looking at " + printable(shown));
  }
  std::string text = fmt::format("inode {}", status.stx_ino);
  if ((status.stx_mask & STATX_BTIME) != 0) {
    text += fmt::format(" born {}.{:09}", status.stx_btime.tv_sec, status.stx_btime.tv_nsec);
  }
  const std::string handle = handle_text(folder, name, flags & AT_EMPTY_PATH);
  if (!handle.empty()) text += " handle " + handle;
  return text;
}

}  // namespace

Result<std::string> file_identity(const std::string& path) {
  return identity(AT_FDCWD, path.c_str(), AT_SYMLINK_NOFOLLOW, path);
}

Result<std::string> file_identity(const Fd& fd) {
  return identity(fd.get(), "", AT_EMPTY_PATH, "an open file");
}

}  // namespace squall::sys
