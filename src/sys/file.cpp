#include "sys/file.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <memory>

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>

#include "core/digest.h"

namespace squall::sys {
namespace {

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

}  // namespace

Result<Fd> open_file(const std::string& path, int flags, unsigned mode) {
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
  if (wrote < 0) return errno_error(errno, fmt::format("writing \"{}\" to {}", text, path));
  return ok();
}

Status sync_folder(const std::string& folder) {
  const Fd fd = TRY(open_file(folder, O_RDONLY | O_DIRECTORY));
  if (::fsync(fd.get()) != 0) return errno_error(errno, "syncing " + folder);
  return ok();
}

Status write_file_durably(const std::string& path, std::string_view bytes, unsigned mode) {
  const std::string temporary = path + ".new";
  {
    const Fd fd = TRY(open_file(temporary, O_WRONLY | O_CREAT | O_TRUNC, mode));
    TRY_VOID(write_all(fd, bytes), "writing " + temporary);
    if (::fsync(fd.get()) != 0) return errno_error(errno, "syncing " + temporary);
  }
  if (::rename(temporary.c_str(), path.c_str()) != 0) {
    return errno_error(errno, fmt::format("renaming {} to {}", temporary, path));
  }
  return sync_folder(folder_of(path));
}

Status make_folders(const std::string& path, unsigned mode) {
  for (std::size_t end = path.find('/', 1);; end = path.find('/', end + 1)) {
    const std::string part = path.substr(0, end);
    if (!part.empty() && ::mkdir(part.c_str(), mode) != 0 && errno != EEXIST) {
      return errno_error(errno, "making the folder " + part);
    }
    if (end == std::string::npos) return ok();
  }
}

Status remove_file(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return errno_error(errno, "removing " + path);
  return ok();
}

bool exists(const std::string& path) {
  return ::access(path.c_str(), F_OK) == 0;
}

Result<std::vector<std::string>> list_folder(const std::string& path) {
  const std::unique_ptr<DIR, int (*)(DIR*)> folder(::opendir(path.c_str()), &::closedir);
  if (!folder) return errno_error(errno, "listing " + path);
  std::vector<std::string> names;
  while (const dirent* item = ::readdir(folder.get())) {
    const std::string name = item->d_name;
    if (name != "." && name != "..") names.push_back(name);
  }
  std::sort(names.begin(), names.end());
  return names;
}

Result<std::string> read_at(const Fd& fd, std::uint64_t offset, std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t done = 0;
  while (done < count) {
    const ssize_t got =
        ::pread(fd.get(), bytes.data() + done, count - done, static_cast<off_t>(offset + done));
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

Result<std::string> file_sha256(const std::string& path) {
  const Fd fd = TRY(open_file(path, O_RDONLY));
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
  std::array<char, PATH_MAX> buffer;
  if (::realpath(path.c_str(), buffer.data()) != nullptr) return std::string(buffer.data());
  if (errno != ENOENT) return errno_error(errno, "resolving " + path);
  if (::realpath(folder_of(path).c_str(), buffer.data()) == nullptr) {
    return errno_error(errno, "resolving the folder of " + path);
  }
  const std::string folder = buffer.data();
  return folder == "/" ? "/" + name_of(path) : folder + "/" + name_of(path);
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
