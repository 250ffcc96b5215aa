#include "sys/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>
#include <optional>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "core/digest.h"
#include "core/text.h"

namespace squall::sys {
namespace {

// The kernel would see only what stands before a zero byte: another path than the one that was
// checked.
Status check_path(const std::string& path) {
  if (path.empty()) return error(Code::invalid, "the path of a file is empty");
  if (path.find('\0') == std::string::npos) return ok();
  return error(Code::invalid, fmt::format("the path \"{}\" holds a zero byte", printable(path)));
}

Result<std::string> read_fd(const Fd& fd, const std::string& path, std::size_t limit) {
  std::string content;
  std::array<char, 16384> buffer;
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, "reading " + path);
    if (got == 0) return content;
    if (content.size() + static_cast<std::size_t>(got) > limit) {
      return error(Code::invalid, fmt::format("{} is larger than {} bytes", path, limit));
    }
    content.append(buffer.data(), static_cast<std::size_t>(got));
  }
}

Status fill_and_rename(const Fd& fd, const std::string& temporary, const std::string& path,
                       std::string_view bytes, unsigned mode) {
  TRY_VOID(write_all(fd, bytes), "filling " + temporary);
  if (::fchmod(fd.get(), mode) != 0) return errno_error(errno, "setting the mode of " + temporary);
  if (::fsync(fd.get()) != 0) return errno_error(errno, "syncing " + temporary);
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return errno_error(errno, fmt::format("renaming {} to {}", temporary, path));
  }
  return ok();
}

// Names in a folder for which `wanted` holds, sorted.
template <class Wanted>
Result<std::vector<std::string>> list_where(const std::string& path, Wanted wanted) {
  TRY_VOID(check_path(path));
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (!folder) return errno_error(errno, "listing " + path);
  std::vector<std::string> names;
  while (true) {
    errno = 0;
    const dirent* item = ::readdir(folder.get());
    if (item == nullptr && errno != 0) return errno_error(errno, "listing " + path);
    if (item == nullptr) break;
    const std::string_view name = item->d_name;
    if (name != "." && name != ".." && wanted(*item)) names.emplace_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

bool is_folder(const std::string& path, bool follow) {
  struct stat status {};
  const int got = follow ? ::stat(path.c_str(), &status) : ::lstat(path.c_str(), &status);
  return got == 0 && S_ISDIR(status.st_mode);
}

// Where the symbolic link `path` leads, or nothing if it is none.
std::optional<std::string> link_target(const std::string& path) {
  std::array<char, PATH_MAX> buffer;
  const ssize_t size = ::readlink(path.c_str(), buffer.data(), buffer.size());
  if (size <= 0) return std::nullopt;
  std::string target(buffer.data(), static_cast<std::size_t>(size));
  return target.front() == '/' ? target : folder_of(path) + "/" + target;
}

}  // namespace

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
  TRY_VOID(check_path(path));
  const int number = ::open(path.c_str(), flags | O_CLOEXEC, mode);
  if (number < 0) return errno_error(errno, "opening " + path);
  return Fd(number);
}

Result<std::string> read_file(const std::string& path, std::size_t limit) {
  const Fd fd = TRY(open_file(path, O_RDONLY));
  return read_fd(fd, path, limit);
}

Status write_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno_error(errno, "writing");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return ok();
}

Status write_control(const std::string& path, std::string_view text) {
  const Fd fd = TRY(open_file(path, O_WRONLY));
  const ssize_t wrote = ::write(fd.get(), text.data(), text.size());
  if (wrote < 0) {
    return errno_error(errno, fmt::format("writing \"{}\" to {}", printable(text), path));
  }
  if (static_cast<std::size_t>(wrote) != text.size()) {
    return error(Code::failed,
                 fmt::format("{} took only {} of {} bytes", path, wrote, text.size()));
  }
  return ok();
}

Status sync_folder(const std::string& folder) {
  const Fd fd = TRY(open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return errno_error(errno, "syncing " + folder);
  return ok();
}

Status write_file_durably(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string temporary = path + ".new";
  TRY_VOID(check_path(temporary));
  // What stands there was left by a writer that died, or is a link planted to lead us elsewhere.
  ::unlink(temporary.c_str());
  const Fd fd = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, mode));
  Status replaced = fill_and_rename(fd, temporary, path, bytes, mode);
  if (!replaced.ok()) {
    ::unlink(temporary.c_str());
    return replaced;
  }
  return sync_folder(folder_of(path));
}

Status make_folders(const std::string& path, unsigned mode) {
  TRY_VOID(check_path(path));
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (!part.empty() && ::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      return errno_error(errno, "making the folder " + part);
    }
    if (end == std::string::npos) break;
  }
  if (is_folder(path, true)) return ok();
  return error(Code::conflict, fmt::format("{} exists and is no folder", path),
               "move it away, or choose another folder");
}

Status remove_file(const std::string& path) {
  TRY_VOID(check_path(path));
  if (::unlink(path.c_str()) != 0) return errno_error(errno, "removing " + path);
  return ok();
}

bool exists(const std::string& path) {
  return path.find('\0') == std::string::npos && ::access(path.c_str(), F_OK) == 0;
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  return list_where(path, [](const dirent&) { return true; });
}

Result<std::vector<std::string>> list_subfolders(const std::string& path) {
  return list_where(path, [&path](const dirent& item) {
    if (item.d_type != DT_UNKNOWN) return item.d_type == DT_DIR;
    return is_folder(path + "/" + item.d_name, false);
  });
}

Result<std::string> read_at(const Fd& fd, std::uint64_t offset, std::size_t count) {
  // A caller's limit may be far beyond what is there: memory is taken as bytes come.
  constexpr std::size_t first_piece = 64 << 10;
  std::string bytes;
  std::size_t done = 0;
  while (done < count) {
    bytes.resize(std::min(count, std::max(2 * done, first_piece)));
    const ssize_t got = ::pread(fd.get(), bytes.data() + done, bytes.size() - done,
                                static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, "reading");
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  bytes.resize(done);
  return bytes;
}

Status write_at(const Fd& fd, std::uint64_t offset, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote =
        ::pwrite(fd.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return errno_error(errno, "writing");
    bytes.remove_prefix(static_cast<std::size_t>(wrote));
    offset += static_cast<std::uint64_t>(wrote);
  }
  return ok();
}

Result<Fd> open_regular_file(const std::string& path) {
  // A pipe would make a blocking open wait for a writer for ever.
  Fd fd = TRY(open_file(path, O_RDONLY | O_NONBLOCK));
  struct stat status {};
  if (::fstat(fd.get(), &status) != 0) return errno_error(errno, "looking at " + path);
  if (!S_ISREG(status.st_mode)) {
    return error(Code::invalid, fmt::format("{} is not a regular file", path));
  }
  return fd;
}

Result<std::string> file_sha256(const std::string& path) {
  const Fd fd = TRY(open_regular_file(path));
  Sha256 hash;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t got = ::read(fd.get(), buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return errno_error(errno, "reading " + path);
    if (got == 0) return hash.finish_hex();
    hash.update({buffer.data(), static_cast<std::size_t>(got)});
  }
}

Result<std::string> real_path(const std::string& path) {
  TRY_VOID(check_path(path));
  std::array<char, PATH_MAX> buffer;
  std::string wanted = path;
  // The last part may be a link to something that does not exist yet, and that to another one.
  for (int hops = 0; hops < 40; ++hops) {
    if (::realpath(wanted.c_str(), buffer.data()) != nullptr) return std::string(buffer.data());
    if (errno != ENOENT) return errno_error(errno, "resolving " + path);
    if (std::optional<std::string> target = link_target(wanted)) {
      wanted = std::move(*target);
      continue;
    }
    if (::realpath(folder_of(wanted).c_str(), buffer.data()) == nullptr) {
      return errno_error(errno, "resolving the folder of " + path);
    }
    const std::string folder = buffer.data();
    return folder == "/" ? "/" + name_of(wanted) : folder + "/" + name_of(wanted);
  }
  return error(Code::invalid, fmt::format("{} leads through too many symbolic links", path));
}

std::string folder_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  if (slash == std::string::npos) return ".";
  return slash == 0 ? "/" : path.substr(0, slash);
}

std::string name_of(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

}  // namespace squall::sys
