#include "guardian/state.h"

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/file.h"

namespace squall::guardian {
namespace {

constexpr std::string_view socket_name = "guardian.sock";
constexpr int waiting_connections = 64;

std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

struct Address {
  sys::Fd folder;
  sockaddr_un name{};
};

Result<Address> address_in(const std::string& folder) {
  Address address;
  address.folder = TRY(sys::open_file(folder, O_PATH | O_DIRECTORY));
  address.name.sun_family = AF_UNIX;
  const std::string path = fmt::format("/proc/self/fd/{}/{}", address.folder.get(), socket_name);
  std::memcpy(address.name.sun_path, path.c_str(), path.size() + 1);
  return address;
}

}  // namespace

std::string default_state_folder() {
  if (std::string folder = environment("SQUALL_STATE"); !folder.empty()) return folder;
  if (::geteuid() == 0) return "/var/lib/squall";
  if (std::string folder = environment("XDG_STATE_HOME"); !folder.empty())
    return folder + "/squall";
  return environment("HOME") + "/.local/state/squall";
}

Status prepare_state_folder(const std::string& folder) {
  const std::string advice = "name another one with --state FOLDER or SQUALL_STATE";
  Status made = sys::make_folders(folder);
  if (!made.ok()) {
    return std::move(made).error().while_doing("preparing the state folder").advise(advice);
  }
  struct stat status {};
  if (::stat(folder.c_str(), &status) != 0) return errno_error(errno, "looking at " + folder);
  if (status.st_uid != ::geteuid()) {
    return error(Code::refused, fmt::format("the state folder {} belongs to somebody else", folder),
                 advice);
  }
  if ((status.st_mode & 022) != 0) {
    return error(Code::refused, fmt::format("others may write to the state folder {}", folder),
                 fmt::format("chmod 0700 {}", folder));
  }
  if (::access(folder.c_str(), W_OK) != 0) {
    return errno_error(errno, fmt::format("the state folder {} cannot be written to", folder))
        .advise("without a journal squall changes nothing; " + advice);
  }
  return ok();
}

Result<sys::Fd> take_state_lock(const std::string& folder, Duration limit) {
  sys::Fd fd = TRY(sys::open_file(folder + "/lock", O_RDWR | O_CREAT), "taking the state lock");
  const Duration deadline = sys::monotonic_now() + limit;
  while (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK && errno != EINTR) return errno_error(errno, "locking " + folder);
    if (sys::monotonic_now() >= deadline) {
      return error(Code::conflict, fmt::format("another guardian keeps {}", folder));
    }
    sys::sleep_until(sys::monotonic_now() + milliseconds(2));
  }
  return fd;
}

bool is_state_locked(const std::string& folder) {
  const Result<sys::Fd> fd = sys::open_file(folder + "/lock", O_RDONLY);
  return fd.ok() && ::flock(fd->get(), LOCK_EX | LOCK_NB) != 0;
}

std::string stop_file(const std::string& folder) {
  return folder + "/STOP";
}

std::optional<std::string> stop_reason(const std::string& folder) {
  if (!sys::exists(stop_file(folder))) return std::nullopt;
  const Result<std::string> text = sys::read_file(stop_file(folder), 4096);
  const std::string reason = text.ok() ? printable(trim(*text)) : "";
  return reason.empty() ? fmt::format("the emergency file {} exists", stop_file(folder)) : reason;
}

Status raise_stop(const std::string& folder, const std::string& reason) {
  return sys::write_file_durably(stop_file(folder), reason + "\n", 0600);
}

Status clear_stop(const std::string& folder) {
  if (!sys::exists(stop_file(folder))) return ok();
  return sys::remove_file(stop_file(folder));
}

Result<sys::Fd> listen_in(const std::string& folder) {
  const Address address = TRY(address_in(folder));
  sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd.valid()) return errno_error(errno, "making the control socket");
  ::unlinkat(address.folder.get(), std::string(socket_name).c_str(), 0);
  const mode_t old_mask = ::umask(0177);
  const int bound =
      ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), sizeof(address.name));
  const int problem = errno;
  ::umask(old_mask);
  if (bound != 0) return errno_error(problem, fmt::format("binding {}/{}", folder, socket_name));
  if (::listen(fd.get(), waiting_connections) != 0) return errno_error(errno, "listening");
  return fd;
}

Result<sys::Fd> connect_in(const std::string& folder) {
  const Address address = TRY(address_in(folder));
  sys::Fd fd(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!fd.valid()) return errno_error(errno, "making a socket");
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address.name), sizeof(address.name)) !=
      0) {
    return errno_error(errno, fmt::format("connecting to the guardian in {}", folder));
  }
  return fd;
}

}  // namespace squall::guardian
