// A target for loads in tests: any number of connections on a thread of its own, each served by a
// function that takes requests off the bytes which have come and returns what to answer.
#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <string>
#include <thread>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "sys/fd.h"

namespace squall::net {

class LoadTarget {
 public:
  struct Reply {
    std::string bytes;
    bool hangs_up = false;
  };
  // Takes what it understands off the front of `bytes`.
  using Serve = std::function<Reply(std::string& bytes)>;

  explicit LoadTarget(Serve serve)
      : serve_(std::move(serve)),
        listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)),
        epoll_(::epoll_create1(EPOLL_CLOEXEC)),
        alarm_(::eventfd(0, EFD_CLOEXEC)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    EXPECT_EQ(::bind(listener_.get(), where, length), 0);
    EXPECT_EQ(::listen(listener_.get(), 1024), 0);
    EXPECT_EQ(::getsockname(listener_.get(), where, &length), 0);
    port_ = ntohs(address.sin_port);
    watch(listener_.get());
    watch(alarm_.get());
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~LoadTarget() {
    thread_.request_stop();
    ::eventfd_write(alarm_.get(), 1);
  }

  int port() const { return port_; }
  int connections() const { return accepted_; }

 private:
  void watch(int fd) const {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    EXPECT_EQ(::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, fd, &event), 0);
  }
  void run(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      epoll_event event{};
      if (::epoll_wait(epoll_.get(), &event, 1, -1) != 1) continue;
      if (event.data.fd == listener_.get()) {
        accept();
      } else if (event.data.fd != alarm_.get()) {
        serve(event.data.fd);
      }
    }
  }
  void accept() {
    sys::Fd peer(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (!peer.valid()) return;
    ++accepted_;
    watch(peer.get());
    const int number = peer.get();
    peers_[number].first = std::move(peer);
  }
  void serve(int number) {
    auto& [fd, bytes] = peers_[number];
    char piece[16 << 10];
    const ssize_t got = ::recv(number, piece, sizeof piece, 0);
    if (got > 0) bytes.append(piece, static_cast<std::size_t>(got));
    const Reply reply = got > 0 ? serve_(bytes) : Reply{.hangs_up = true};
    if (!reply.bytes.empty()) {
      ::send(number, reply.bytes.data(), reply.bytes.size(), MSG_NOSIGNAL);
    }
    if (reply.hangs_up) peers_.erase(number);
  }

  Serve serve_;
  sys::Fd listener_;
  sys::Fd epoll_;
  sys::Fd alarm_;
  int port_ = 0;
  std::atomic<int> accepted_{0};
  std::map<int, std::pair<sys::Fd, std::string>> peers_;
  std::jthread thread_;  // last: it uses the members above
};

// Takes requests that end with `end` and answers each with the same text.
inline LoadTarget::Serve answer_each(std::string end, std::string answer) {
  return [end, answer](std::string& bytes) {
    LoadTarget::Reply reply;
    for (std::size_t at = bytes.find(end); at != std::string::npos; at = bytes.find(end)) {
      bytes.erase(0, at + end.size());
      reply.bytes += answer;
    }
    return reply;
  };
}

}  // namespace squall::net
