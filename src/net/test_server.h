// A small server for tests: listens on a free loopback port (or a unix path) and serves one
// connection after the other on its own thread, until it goes out of scope.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <thread>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "sys/fd.h"
#include "sys/patience.h"

namespace squall::net {

class TestServer {
 public:
  // What to do with a connection; it is closed afterwards. `patience` ends with the server.
  using Serve = std::function<void(int fd, sys::Patience& patience)>;

  // On 127.0.0.1, or with AF_INET6 on ::1.
  explicit TestServer(Serve serve, int family = AF_INET) : TestServer(family, "", serve) {}
  // On a unix path.
  TestServer(Serve serve, const std::string& path) : TestServer(AF_UNIX, path, serve) {}

  int port() const { return port_; }

 private:
  TestServer(int family, const std::string& path, Serve serve)
      : listener_(::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)) {
    sockaddr_storage address{};
    socklen_t length = sizeof(sockaddr_in);
    address.ss_family = static_cast<sa_family_t>(family);
    if (family == AF_INET) {
      reinterpret_cast<sockaddr_in&>(address).sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    } else if (family == AF_INET6) {
      reinterpret_cast<sockaddr_in6&>(address).sin6_addr = in6addr_loopback;
      length = sizeof(sockaddr_in6);
    } else {
      path.copy(reinterpret_cast<sockaddr_un&>(address).sun_path, 100);
      length = sizeof(sockaddr_un);
    }
    auto* where = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), where, length), 0);
    EXPECT_EQ(::listen(listener_.get(), 64), 0);
    EXPECT_EQ(::getsockname(listener_.get(), where, &length), 0);
    if (family == AF_INET) port_ = ntohs(reinterpret_cast<sockaddr_in&>(address).sin_port);
    if (family == AF_INET6) port_ = ntohs(reinterpret_cast<sockaddr_in6&>(address).sin6_port);
    thread_ = std::jthread([this, serve](std::stop_token stop) { run(serve, stop); });
  }

  void run(const Serve& serve, std::stop_token stop) const {
    sys::Patience patience(minutes(2), stop);
    while (patience.wait_for(listener_.get(), POLLIN) == sys::Patience::End::ready) {
      const sys::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      if (peer.valid()) serve(peer.get(), patience);
    }
  }

  sys::Fd listener_;
  int port_ = 0;
  std::jthread thread_;  // last: it uses the members above
};

// Reads until `end` has come, the peer closed, or the server ends. Returns what was read.
inline std::string receive_until(int fd, std::string_view end, sys::Patience& patience) {
  std::string text;
  char letter = 0;
  while (text.find(end) == std::string::npos &&
         patience.wait_for(fd, POLLIN) == sys::Patience::End::ready &&
         ::recv(fd, &letter, 1, 0) == 1) {
    text += letter;
  }
  return text;
}

// Sends all of it, as far as the peer takes it. False when the peer is gone.
inline bool send_text(int fd, std::string_view text, sys::Patience& patience) {
  while (!text.empty()) {
    if (patience.wait_for(fd, POLLOUT) != sys::Patience::End::ready) return false;
    const ssize_t wrote = ::send(fd, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    if (wrote < 0 && errno != EAGAIN) return false;
    if (wrote > 0) text.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return true;
}

// Takes the connection and says nothing until the peer gives up.
inline void stay_silent(int fd, sys::Patience& patience) {
  receive_until(fd, std::string_view("\0never", 6), patience);
}

// Reads a request up to its empty line and answers with these bytes.
inline TestServer::Serve answer_with(std::string answer) {
  return [answer](int fd, sys::Patience& patience) {
    receive_until(fd, "\r\n\r\n", patience);
    send_text(fd, answer, patience);
  };
}

// A loopback port where nobody listens: it was free a moment ago.
inline int unused_port() {
  const sys::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* where = reinterpret_cast<sockaddr*>(&address);
  EXPECT_EQ(::bind(socket.get(), where, length), 0);
  EXPECT_EQ(::getsockname(socket.get(), where, &length), 0);
  return ntohs(address.sin_port);
}

}  // namespace squall::net
