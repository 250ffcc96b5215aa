#include "honest_target.h"

#include <array>
#include <atomic>
#include <csignal>
#include <cstring>
#include <memory>

#include <arpa/inet.h>
#include <fmt/core.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/check.h"
#include "sys/clock.h"
#include "sys/fd.h"

namespace squall::bench {

namespace {
constexpr std::size_t records_max = 20'000;
constexpr int server_priority = 20;
constexpr int client_priority = 10;
}  // namespace

struct Board {
  struct Record {
    char who;
    Served times;
  };
  std::atomic<std::size_t> served;
  std::atomic<std::size_t> asked;
  std::array<Record, records_max> serves;
  std::array<Asked, records_max> asks;
};

namespace {

void be_prompt(int priority) {
  const sched_param wanted{.sched_priority = priority};
  CHECK(::sched_setscheduler(0, SCHED_FIFO, &wanted) == 0, "root may set real-time priorities");
  ::mlockall(MCL_CURRENT | MCL_FUTURE);
}

template <class Body>
int run_child(const Body& body) {
  const pid_t parent = ::getpid();
  const pid_t child = ::fork();
  CHECK(child >= 0, "a child can be started");
  if (child == 0) {
    ::prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (::getppid() != parent) ::_exit(1);
    sys::use_precise_timers();
    body();
    ::_exit(0);
  }
  return child;
}

void end_child(int& child) {
  if (child <= 0) return;
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  child = 0;
}

void serve(int listener, Board& board, Duration work) {
  constexpr std::string_view answer =
      "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok";
  std::array<char, 4096> request;
  while (true) {
    const sys::Fd peer(::accept4(listener, nullptr, nullptr, SOCK_CLOEXEC));
    const Duration arrived = sys::monotonic_now();
    const ssize_t got = ::recv(peer.get(), request.data(), request.size(), 0);
    if (got < 6) continue;  // whoever asks here sends all in one piece, "GET /p ..."
    if (work > Duration{}) sys::sleep_until(sys::monotonic_now() + work);
    ::send(peer.get(), answer.data(), answer.size(), MSG_NOSIGNAL);
    const std::size_t number = board.served.load();
    if (number >= records_max) continue;
    board.serves[number] = {request[5], {arrived, sys::monotonic_now()}};
    board.served.store(number + 1);
  }
}

void ask(int port, Asked& record) {
  constexpr std::string_view request = "GET /r HTTP/1.1\r\nHost: localhost\r\n\r\n";
  record.start = sys::monotonic_now();
  const sys::Fd peer(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET,
                      .sin_port = htons(static_cast<std::uint16_t>(port)),
                      .sin_addr = {.s_addr = htonl(INADDR_LOOPBACK)},
                      .sin_zero = {}};
  if (::connect(peer.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return;
  }
  ::send(peer.get(), request.data(), request.size(), MSG_NOSIGNAL);
  std::array<char, 4096> answer;
  while (::recv(peer.get(), answer.data(), answer.size(), 0) > 0) {
  }
  record.done = sys::monotonic_now();
}

}  // namespace

Target::Target(const Options& options) {
  void* const memory =
      ::mmap(nullptr, sizeof(Board), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED, "memory can be shared");
  board_ = std::construct_at(static_cast<Board*>(memory));
  const sys::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address{.sin_family = AF_INET, .sin_port = 0, .sin_addr = {}, .sin_zero = {}};
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof(address);
  CHECK(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), size) == 0 &&
            ::listen(listener.get(), 1024) == 0,
        "a loopback port can be listened on");
  ::getsockname(listener.get(), reinterpret_cast<sockaddr*>(&address), &size);
  port_ = ntohs(address.sin_port);
  server_ = run_child([&] {
    if (options.is_starved) {
      ::setpriority(PRIO_PROCESS, 0, 19);
    } else {
      be_prompt(server_priority);
    }
    serve(listener.get(), *board_, options.work);
  });
}

Target::~Target() {
  end_child(client_);
  end_child(server_);
  ::munmap(board_, sizeof(Board));
}

std::string Target::url() const {
  return fmt::format("http://127.0.0.1:{}/p", port_);
}

void Target::start_client(Duration every, Duration length) {
  client_ = run_child([&] {
    be_prompt(client_priority);
    const Duration start = sys::monotonic_now() + every / 2;
    for (Duration next = start; next < start + length; next = next + every) {
      sys::sleep_until(next);
      const std::size_t number = board_->asked.load();
      if (number >= records_max) return;
      board_->asks[number].planned = next;
      ask(port_, board_->asks[number]);
      board_->asked.store(number + 1);
    }
  });
}

std::vector<Served> Target::served(char who) const {
  std::vector<Served> found;
  for (std::size_t i = 0; i < board_->served.load(); ++i) {
    if (board_->serves[i].who == who) found.push_back(board_->serves[i].times);
  }
  return found;
}

std::vector<Asked> Target::asked() const {
  return {board_->asks.begin(), board_->asks.begin() + static_cast<std::ptrdiff_t>(board_->asked)};
}

}  // namespace squall::bench
