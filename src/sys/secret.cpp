#include "sys/secret.h"

#include <cerrno>
#include <cstdlib>
#include <map>
#include <mutex>

#include <fmt/core.h>
#include <sys/mman.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/file.h"

namespace squall::sys {
namespace {

constexpr std::size_t secret_max = 64 << 10;

Result<std::string> read_secret_file(const std::string& path) {
  const Fd fd = TRY(open_regular_file(path));
  const std::string content = TRY(read_at(fd, 0, secret_max + 1));
  if (content.size() > secret_max) {
    return error(Code::invalid, fmt::format("{} is larger than 64 KiB", path));
  }
  if (!is_valid_utf8(content) || content.find('\0') != std::string::npos) {
    return error(Code::invalid, fmt::format("{} is not a text", path));
  }
  return std::string(trim(content));
}

}  // namespace

Result<std::string> read_secret(std::string_view reference) {
  const std::size_t colon = reference.find(':');
  const std::string name(reference.substr(colon + 1));
  if (reference.starts_with("file:")) {
    if (name.starts_with('/')) return read_secret_file(name);
    return error(Code::invalid, fmt::format("the path {} is not absolute", quote(name)),
                 "write ${file:/the/whole/path}");
  }
  const char* value = std::getenv(name.c_str());
  if (value == nullptr) {
    return error(Code::not_found,
                 fmt::format("the environment variable {} is not set", quote(name)),
                 "export it before squall is started");
  }
  if (!is_valid_utf8(value)) {
    return error(Code::invalid, fmt::format("the environment variable {} is no text", quote(name)));
  }
  return std::string(value);
}

Result<std::string> reveal(std::string_view written) {
  if (written.empty()) return std::string();
  CHECK(written.starts_with("${") && written.ends_with('}'), "a reference as it is written");
  return read_secret(written.substr(2, written.size() - 3));
}

Result<std::string> share_secret(std::string_view written) {
  if (!written.starts_with("${env:")) return std::string(written);
  static std::mutex mutex;
  static std::map<std::string, Fd, std::less<>> shared;  // until the end of the process
  const std::lock_guard lock(mutex);
  auto known = shared.find(written);
  if (known == shared.end()) {
    const std::string value = TRY(reveal(written));
    Fd fd(::memfd_create("squall-secret", MFD_CLOEXEC));
    if (!fd.valid()) return errno_error(errno, "making a file in memory for a secret");
    TRY_VOID(write_all(fd, value), "keeping a secret in memory");
    known = shared.emplace(written, std::move(fd)).first;
  }
  return fmt::format("${{file:/proc/{}/fd/{}}}", ::getpid(), known->second.get());
}

}  // namespace squall::sys
