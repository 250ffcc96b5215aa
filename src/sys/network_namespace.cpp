#include "sys/network_namespace.h"

#include <array>
#include <cerrno>
#include <system_error>
#include <thread>

#include <fmt/core.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

namespace squall::sys {
namespace {

Result<Fd> open_here(const SocketKind& kind) {
  Fd made(::socket(kind.domain, kind.type | SOCK_CLOEXEC, kind.protocol));
  if (!made.valid()) return errno_error(errno, "cannot make a socket");
  return made;
}

// "the network namespace /run/netns/a", or by its number where the path does not tell.
std::string name_of_namespace(int netns_fd) {
  std::array<char, 4096> path{};
  const std::string link = fmt::format("/proc/self/fd/{}", netns_fd);
  const ssize_t length = ::readlink(link.c_str(), path.data(), path.size());
  if (length <= 0) return "a network namespace";
  return "the network namespace " + std::string(path.data(), static_cast<std::size_t>(length));
}

Result<Fd> enter_and_open(const SocketKind& kind, int netns_fd) {
  TRY_VOID(enter_network_namespace(netns_fd));
  return open_here(kind);
}

}  // namespace

Status enter_network_namespace(int netns_fd) {
  if (::setns(netns_fd, CLONE_NEWNET) == 0) return ok();
  const int number = errno;
  return errno_error(number, fmt::format("cannot enter {}", name_of_namespace(netns_fd)))
      .advise(number == EPERM ? "run as root, or with CAP_SYS_ADMIN over that namespace"
                              : "give an open /proc/PID/ns/net");
}

Result<Fd> open_socket(const SocketKind& kind, std::optional<int> netns_fd) {
  if (!netns_fd) return open_here(kind);
  Result<Fd> made = error(Code::failed, "the thread that should make the socket did not run");
  try {
    std::jthread([&] { made = enter_and_open(kind, *netns_fd); }).join();
  } catch (const std::system_error& problem) {
    return errno_error(problem.code().value(),
                       "cannot start a thread to enter a network namespace");
  }
  return made;
}

}  // namespace squall::sys
