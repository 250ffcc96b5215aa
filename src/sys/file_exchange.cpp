#include "sys/file_exchange.h"

#include <array>
#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

constexpr std::size_t attribute_size_max = 65536;  // what Linux allows for the list and a value

// Access lists and labels. A filesystem may refuse some of them; the file is usable without.
void copy_attributes(const Fd& from, const Fd& to) {
  std::string names(attribute_size_max, '\0');
  const ssize_t size = ::flistxattr(from.get(), names.data(), names.size());
  if (size <= 0) return;
  names.resize(static_cast<std::size_t>(size));
  std::string value(attribute_size_max, '\0');
  for (const std::string& name : split(names, '\0')) {
    const ssize_t length = ::fgetxattr(from.get(), name.c_str(), value.data(), value.size());
    if (length < 0) continue;
    static_cast<void>(
        ::fsetxattr(to.get(), name.c_str(), value.data(), static_cast<std::size_t>(length), 0));
  }
}

Status rename_with(const std::string& from, const std::string& to, unsigned flags) {
  if (::renameat2(AT_FDCWD, from.c_str(), AT_FDCWD, to.c_str(), flags) == 0) {
    return sync_folder(folder_of(to));
  }
  const int number = errno;
  if (number == EINVAL || number == ENOSYS) {
    return error(
        Code::unsupported,
        fmt::format("the filesystem of {} cannot exchange two files in one step", printable(to)),
        "ext4, xfs, btrfs, f2fs and tmpfs can");
  }
  return errno_error(number, fmt::format("renaming {} to {}", printable(from), printable(to)));
}

}  // namespace

Status write_file_like(const Fd& model, const std::string& path, std::string_view content) {
  struct stat status {};
  if (::fstat(model.get(), &status) != 0) return errno_error(errno, "looking at the model");
  const Fd fd = TRY(open_file(path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600));
  TRY_VOID(write_all(fd, content), "filling " + path);
  // The owner first: changing it takes set-user-id bits away.
  if (::fchown(fd.get(), status.st_uid, status.st_gid) != 0) {
    return errno_error(errno, "setting the owner of " + path);
  }
  if (::fchmod(fd.get(), status.st_mode & 07777U) != 0) {
    return errno_error(errno, "setting the mode of " + path);
  }
  copy_attributes(model, fd);
  if (::fsync(fd.get()) != 0) return errno_error(errno, "syncing " + path);
  return ok();
}

Status rename_to_free(const std::string& from, const std::string& to) {
  return rename_with(from, to, RENAME_NOREPLACE);
}

Status exchange_files(const std::string& one, const std::string& other) {
  return rename_with(one, other, RENAME_EXCHANGE);
}

}  // namespace squall::sys
