// A service of a test's own on loopback that answers datagrams: late, or not all of them.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include "core/check.h"
#include "sys/clock.h"
#include "sys/fd.h"
#include "sys/promptness.h"

namespace squall::witness {

class UdpEcho {
 public:
  UdpEcho() : socket_(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    socklen_t length = sizeof address;
    auto* where = reinterpret_cast<sockaddr*>(&address);
    CHECK(::bind(socket_.get(), where, length) == 0, "a free port");
    CHECK(::getsockname(socket_.get(), where, &length) == 0, "its number");
    port_ = ntohs(address.sin_port);
    thread_ = std::jthread([this](const std::stop_token& stop) { serve(stop); });
  }

  std::uint16_t port() const { return port_; }
  void delay(Duration delay) { delay_ns_ = delay.nanoseconds; }
  // Of each `every` datagrams the first `count` get no answer.
  void ignore(int count, int every) {
    every_ = every;
    ignored_ = count;
  }

 private:
  struct Answer {
    Duration due;
    sockaddr_in to{};
  };
  void serve(const std::stop_token& stop) {
    sys::run_promptly();  // late only when it is told to be, also on a busy host
    std::deque<Answer> answers;
    for (int number = 0; !stop.stop_requested();) {
      pollfd entry{socket_.get(), POLLIN, 0};
      if (::poll(&entry, 1, answers.empty() ? 20 : 1) == 1) {
        Answer answer{.due = sys::monotonic_now() + Duration{delay_ns_.load()}};
        socklen_t length = sizeof answer.to;
        char letter = 0;
        ::recvfrom(socket_.get(), &letter, 1, 0, reinterpret_cast<sockaddr*>(&answer.to), &length);
        if (number++ % every_ >= ignored_) answers.push_back(answer);
      }
      while (!answers.empty() && answers.front().due <= sys::monotonic_now()) {
        const auto* to = reinterpret_cast<const sockaddr*>(&answers.front().to);
        ::sendto(socket_.get(), "x", 1, 0, to, sizeof answers.front().to);
        answers.pop_front();
      }
    }
  }

  sys::Fd socket_;
  std::uint16_t port_ = 0;
  std::atomic<std::int64_t> delay_ns_ = 0;
  std::atomic<int> every_ = 1;
  std::atomic<int> ignored_ = 0;
  std::jthread thread_;  // last: it uses the members above
};

}  // namespace squall::witness
