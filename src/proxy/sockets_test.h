// Both ends of proxied connections in the hands of one test: it connects as the client, accepts as
// the server, and reads and writes with a limit on each wait.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/text.h"
#include "net/test_server.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/patience.h"

namespace squall::proxy {

constexpr int limit_ms = 20'000;

inline bool becomes_ready(const sys::Fd& fd, short events, int within_ms = limit_ms) {
  pollfd entry{fd.get(), events, 0};
  return ::poll(&entry, 1, within_ms) == 1;
}

class Upstream {
 public:
  Upstream() : listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), where, length), 0);
    EXPECT_EQ(::listen(listener_.get(), 1024), 0);
    EXPECT_EQ(::getsockname(listener_.get(), where, &length), 0);
    place_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  const std::string& place() const { return place_; }
  sys::Fd accept() const {
    EXPECT_TRUE(becomes_ready(listener_, POLLIN)) << "nobody connects to the server";
    return sys::Fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
  }
  // Nobody connects, for a while.
  bool is_quiet() const { return !becomes_ready(listener_, POLLIN, 50); }

 private:
  sys::Fd listener_;
  std::string place_;
};

// `place` is "127.0.0.1:PORT". An invalid one when it was refused.
inline sys::Fd connect_to(const std::string& place) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(std::stoi(split(place, ':').back())));
  sys::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) fd.reset();
  return fd;
}

inline void send_text(const sys::Fd& fd, std::string_view text) {
  EXPECT_EQ(::send(fd.get(), text.data(), text.size(), MSG_NOSIGNAL),
            static_cast<ssize_t>(text.size()));
}

// What comes until there are `count` bytes; fewer when the connection ends before.
inline std::string receive(const sys::Fd& fd, std::size_t count) {
  std::string text;
  while (text.size() < count) {
    if (!becomes_ready(fd, POLLIN)) {
      ADD_FAILURE() << "nothing comes after " << text.size() << " bytes";
      break;
    }
    std::string piece(count - text.size(), '\0');
    const ssize_t got = ::recv(fd.get(), piece.data(), piece.size(), 0);
    if (got <= 0) break;
    text.append(piece, 0, static_cast<std::size_t>(got));
  }
  return text;
}

// How the connection ends: "end", "reset", or "" when it does not.
inline std::string ending(const sys::Fd& fd) {
  if (!becomes_ready(fd, POLLIN)) return "";
  char letter = 0;
  const ssize_t got = ::recv(fd.get(), &letter, 1, 0);
  if (got == 0) return "end";
  return got < 0 && errno == ECONNRESET ? "reset" : "data";
}

// Asks again until the answer is yes, or the limit is over.
inline bool becomes_true(const std::function<bool()>& question, Duration limit = seconds(20)) {
  sys::Patience patience(limit);
  while (!question()) {
    if (patience.is_over()) return false;
    ::poll(nullptr, 0, 2);
  }
  return true;
}

inline bool is_silent(const sys::Fd& fd, int for_ms = 50) {
  return !becomes_ready(fd, POLLIN, for_ms);
}

}  // namespace squall::proxy
