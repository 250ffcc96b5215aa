#include "sys/place.h"

#include <cerrno>
#include <cstdio>

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "core/digest.h"
#include "core/text.h"
#include "sys/file.h"
#include "sys/file_identity.h"

namespace squall::sys {
namespace {

bool is_name(std::string_view name) {
  return !name.empty() && name != "." && name != ".." && name.find('/') == std::string_view::npos &&
         name.find('\0') == std::string_view::npos;
}

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

Status sync(const Place& place) {
  if (::fsync(place.folder.get()) == 0) return ok();
  return errno_error(errno, "syncing " + printable(place.folder_path));
}

Status rename_with(const Place& place, const std::string& from, const std::string& to,
                   unsigned flags) {
  const int folder = place.folder.get();
  if (::renameat2(folder, from.c_str(), folder, to.c_str(), flags) == 0) return sync(place);
  const int number = errno;
  if (number == EINVAL || number == ENOSYS) {
    return error(
        Code::unsupported,
        fmt::format("the filesystem of {} cannot exchange two files in one step", printable(to)),
        "ext4, xfs, btrfs, f2fs and tmpfs can");
  }
  return errno_error(number, fmt::format("renaming {} to {}", printable(place.path_of(from)),
                                         printable(place.path_of(to))));
}

}  // namespace

std::string Place::path_of(std::string_view other) const {
  return fmt::format("{}/{}", folder_path == "/" ? "" : folder_path, other);
}

Result<std::string> real_place(const std::string& path) {
  const std::string name = name_of(path);
  if (!is_name(name)) {
    return error(Code::invalid, fmt::format("{} does not end in a name", quote(path)));
  }
  const std::string folder = TRY(real_path(folder_of(path)));
  return fmt::format("{}/{}", folder == "/" ? "" : folder, name);
}

Result<Place> open_place(const std::string& path) {
  Place place{{}, folder_of(path), name_of(path)};
  if (!path.starts_with('/') || !is_name(place.name)) {
    return error(Code::invalid, fmt::format("{} is not the full path of a file", quote(path)));
  }
  open_how how{};
  how.flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  how.resolve = RESOLVE_NO_SYMLINKS;
  const std::string& folder = place.folder_path;
  const long number = ::syscall(SYS_openat2, AT_FDCWD, folder.c_str(), &how, sizeof how);
  if (number >= 0) {
    place.folder = Fd(static_cast<int>(number));
    return place;
  }
  if (errno == ELOOP || errno == ENOTDIR) {
    return error(
        Code::conflict,
        fmt::format("a folder of {} was replaced while squall looked at it", printable(path)));
  }
  if (errno == ENOSYS) {
    return error(Code::unsupported, "this kernel cannot open a path without following links",
                 "run on Linux 5.6 or newer");
  }
  return errno_error(errno, "opening " + printable(folder));
}

Result<Fd> open_at(const Place& place, std::string_view name, int flags, unsigned mode) {
  const std::string text(name);
  if (!is_name(text)) return error(Code::invalid, fmt::format("{} is not a name", quote(text)));
  const int number =
      ::openat(place.folder.get(), text.c_str(), flags | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, mode);
  if (number < 0) return errno_error(errno, "opening " + printable(place.path_of(name)));
  return Fd(number);
}

Result<Fd> open_sole_file(const Place& place, int flags) {
  Fd fd = TRY(open_at(place, place.name, flags));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at " + place.path());
  if (!S_ISREG(status.st_mode)) {
    return error(Code::invalid, printable(place.path()) + " is not a regular file",
                 "name a file, not a folder or device");
  }
  if (status.st_nlink <= 1) return fd;
  return error(Code::refused,
               fmt::format("{} has {} hard links; the others could be files of the host",
                           printable(place.path()), status.st_nlink),
               "use a copy, or remove the other links");
}

Status write_file_like(const Fd& model, const Place& place, std::string_view name,
                       std::string_view content) {
  struct stat status {};
  if (::fstat(model.get(), &status) != 0) return errno_error(errno, "looking at the model");
  const std::string path = printable(place.path_of(name));
  const Fd fd = TRY(open_at(place, name, O_WRONLY | O_CREAT | O_EXCL, 0600));
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

Result<std::string> sha256_of(const Fd& fd) {
  constexpr std::size_t piece_size = 256 << 10;
  Sha256 hash;
  std::uint64_t offset = 0;
  while (true) {
    const std::string piece = TRY(read_at(fd, offset, piece_size));
    hash.update(piece);
    offset += piece.size();
    if (piece.size() < piece_size) return hash.finish_hex();
  }
}

Result<std::string> identity_at(const Place& place, std::string_view name) {
  const int number =
      ::openat(place.folder.get(), std::string(name).c_str(), O_PATH | O_NOFOLLOW | O_CLOEXEC);
  if (number < 0) return errno_error(errno, "looking at " + printable(place.path_of(name)));
  return file_identity(Fd(number));
}

bool exists_at(const Place& place, std::string_view name) {
  return ::faccessat(place.folder.get(), std::string(name).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Status rename_to_free_at(const Place& place, std::string_view from, std::string_view to) {
  return rename_with(place, std::string(from), std::string(to), RENAME_NOREPLACE);
}

Status exchange_at(const Place& place, std::string_view one, std::string_view other) {
  return rename_with(place, std::string(one), std::string(other), RENAME_EXCHANGE);
}

Status remove_at(const Place& place, std::string_view name) {
  if (::unlinkat(place.folder.get(), std::string(name).c_str(), 0) != 0) {
    return errno_error(errno, "removing " + printable(place.path_of(name)));
  }
  return sync(place);
}

}  // namespace squall::sys
