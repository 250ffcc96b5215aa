// A network namespace of a test's own, with its loopback up: 127.0.0.0/8 and ::1. It is gone when
// this object and the sockets in it are.
#pragma once

#include <string>
#include <thread>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <net/if.h>
#include <netinet/in.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "core/check.h"
#include "sys/network_namespace.h"

namespace squall::sys {

class PrivateNetwork {
 public:
  PrivateNetwork() {
    std::jthread([this] {
      CHECK(::unshare(CLONE_NEWNET) == 0, "a network namespace");
      namespace_.reset(::open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC));
    }).join();
    const Fd control = socket(AF_INET, SOCK_DGRAM);
    ifreq loopback{};
    std::string("lo").copy(loopback.ifr_name, sizeof loopback.ifr_name);
    loopback.ifr_flags = IFF_UP;
    CHECK(::ioctl(control.get(), SIOCSIFFLAGS, &loopback) == 0, "lo up");
  }

  // That of a process, as it is.
  struct OfProcess {
    int pid = 0;
  };
  explicit PrivateNetwork(OfProcess process)
      : namespace_(
            ::open(fmt::format("/proc/{}/ns/net", process.pid).c_str(), O_RDONLY | O_CLOEXEC)) {}

  int fd() const { return namespace_.get(); }
  std::string path() const { return fmt::format("/proc/self/fd/{}", fd()); }

  Fd socket(int family, int type) const { return open_socket({family, type, 0}, fd()).value(); }
  // At the loopback address of the family. Reading gives up after a second.
  Fd bound(int family, int type, std::uint16_t port) const {
    Fd made = socket(family, type);
    const timeval limit{1, 0};
    ::setsockopt(made.get(), SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    const Address at = loopback(family, port);
    CHECK(::bind(made.get(), at.get(), at.length) == 0, "the port is free in a new namespace");
    return made;
  }
  Fd connected(int family, int type, std::uint16_t port) const {
    Fd made = socket(family, type);
    const Address at = loopback(family, port);
    CHECK(::connect(made.get(), at.get(), at.length) == 0, "somebody is there");
    return made;
  }

 private:
  struct Address {
    sockaddr_storage storage{};
    socklen_t length = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  };
  static Address loopback(int family, std::uint16_t port) {
    Address address;
    if (family == AF_INET) {
      auto* four = reinterpret_cast<sockaddr_in*>(&address.storage);
      *four = {
          .sin_family = AF_INET, .sin_port = htons(port), .sin_addr = {htonl(INADDR_LOOPBACK)}};
      address.length = sizeof *four;
    } else {
      auto* six = reinterpret_cast<sockaddr_in6*>(&address.storage);
      *six = {.sin6_family = AF_INET6, .sin6_port = htons(port), .sin6_addr = in6addr_loopback};
      address.length = sizeof *six;
    }
    return address;
  }

  Fd namespace_;
};

}  // namespace squall::sys
