// Clients and the echo share core 0, the proxy under test has core 1 alone, as far as the host has
// two: what is compared is the proxy's own cost.
#include "network_rig.h"

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <net/if.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sched.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/text.h"
#include "sys/clock.h"
#include "sys/command.h"
#include "sys/file.h"

namespace squall::bench {
namespace {

void pin(int core) {
  cpu_set_t cores;
  CPU_ZERO(&cores);
  CPU_SET(core, &cores);
  ::sched_setaffinity(0, sizeof cores, &cores);
}

sockaddr_in at_port(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  return address;
}

void serve_echo(const sys::Fd& listener, std::stop_token stop) {
  pin(0);
  const sys::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  epoll_event event{.events = EPOLLIN, .data = {.fd = listener.get()}};
  ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, listener.get(), &event);
  std::vector<sys::Fd> clients;
  std::array<epoll_event, 256> events;
  std::array<char, 4096> buffer;
  while (!stop.stop_requested()) {
    const int ready = ::epoll_wait(epoll.get(), events.data(), 256, 50);
    for (int i = 0; i < ready; ++i) {
      const int fd = events[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener.get()) {
        clients.emplace_back(::accept4(fd, nullptr, nullptr, SOCK_CLOEXEC));
        event = {.events = EPOLLIN, .data = {.fd = clients.back().get()}};
        ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, clients.back().get(), &event);
        continue;
      }
      const ssize_t got = ::recv(fd, buffer.data(), buffer.size(), 0);
      if (got > 0) {
        ::send(fd, buffer.data(), static_cast<std::size_t>(got), MSG_NOSIGNAL);
      } else {
        ::epoll_ctl(epoll.get(), EPOLL_CTL_DEL, fd, nullptr);
      }
    }
  }
}

sys::Fd listen_at_port(int port) {
  sys::Fd listener(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(listener.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = at_port(port);
  CHECK(::bind(listener.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0,
        "a port of a namespace of our own is free");
  CHECK(::listen(listener.get(), 4096) == 0, "it can be listened at");
  return listener;
}

void serve_bulk(const sys::Fd& listener, std::stop_token stop) {
  pin(0);
  const std::vector<char> block(256 << 10);
  while (!stop.stop_requested()) {
    pollfd entry{listener.get(), POLLIN, 0};
    if (::poll(&entry, 1, 50) != 1) continue;
    const sys::Fd client(::accept4(listener.get(), nullptr, nullptr, SOCK_CLOEXEC));
    while (::send(client.get(), block.data(), block.size(), MSG_NOSIGNAL) > 0) {
    }
  }
}

}  // namespace

Status enter_own_network() {
  if (::unshare(CLONE_NEWNET) != 0) return errno_error(errno, "making a network namespace");
  const sys::Fd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  ifreq loopback{};
  std::snprintf(loopback.ifr_name, sizeof loopback.ifr_name, "lo");
  loopback.ifr_flags = IFF_UP;
  if (::ioctl(socket.get(), SIOCSIFFLAGS, &loopback) != 0) {
    return errno_error(errno, "setting loopback up");
  }
  pin(0);
  return sys::write_control("/proc/sys/net/ipv4/tcp_congestion_control", "reno");
}

Pinned::Pinned(std::vector<std::string> words, int core) {
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  arguments.push_back(nullptr);
  pid_ = ::fork();
  if (pid_ != 0) return;
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  pin(core);
  const int nothing = ::open("/dev/null", O_RDWR | O_CLOEXEC);
  for (const int fd : {0, 1, 2}) ::dup2(nothing, fd);
  ::execvp(arguments[0], arguments.data());
  ::_exit(127);
}

Pinned::~Pinned() {
  ::kill(pid_, SIGKILL);
  ::waitpid(pid_, nullptr, 0);
}

Duration Pinned::cpu_time() const {
  return sys::process_cpu_time(pid_).value_or(Duration{});
}

double Pinned::resident_kib() const {
  const Result<std::string> status = sys::read_file(fmt::format("/proc/{}/status", pid_), 65536);
  if (!status.ok()) return 0;
  for (const std::string& line : split(*status, '\n')) {
    if (line.starts_with("VmRSS:")) return std::strtod(line.c_str() + 6, nullptr);
  }
  return 0;
}

sys::Fd connect_to_port(int port) {
  const sockaddr_in address = at_port(port);
  sys::Fd fd(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  ::setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fd.reset();
  }
  return fd;
}

bool wait_for_port(int port) {
  const Duration deadline = sys::monotonic_now() + seconds(10);
  while (!connect_to_port(port).valid()) {
    if (sys::monotonic_now() > deadline) return false;
    sys::sleep_until(sys::monotonic_now() + milliseconds(10));
  }
  return true;
}

EchoServer::EchoServer(int port) : listener_(listen_at_port(port)) {
  thread_ = std::jthread([this](std::stop_token stop) { serve_echo(listener_, std::move(stop)); });
}

EchoServer::~EchoServer() = default;

Samples echo(const EchoLoad& load) {
  struct Client {
    sys::Fd fd;
    Duration due;
    Duration sent;
    bool waits = false;  // for its answer
  };
  sys::use_precise_timers();
  std::vector<Client> clients(static_cast<std::size_t>(load.connections));
  const sys::Fd epoll(::epoll_create1(EPOLL_CLOEXEC));
  for (std::size_t i = 0; i < clients.size(); ++i) {
    clients[i].fd = connect_to_port(load.port);
    epoll_event event{.events = EPOLLIN, .data = {.u64 = i}};
    ::epoll_ctl(epoll.get(), EPOLL_CTL_ADD, clients[i].fd.get(), &event);
    // Spread over the first 50 ms, so that they are not all one burst.
    clients[i].due =
        sys::monotonic_now() + milliseconds(50).scaled(static_cast<double>(i) / load.connections);
  }
  Samples samples;
  std::array<char, 64> bytes{};
  std::array<epoll_event, 256> events;
  const Duration deadline = sys::monotonic_now() + seconds(30);
  while (samples.size() < static_cast<std::size_t>(load.count) && sys::monotonic_now() < deadline) {
    Duration next = sys::monotonic_now() + milliseconds(100);
    for (Client& client : clients) {
      if (client.waits) continue;
      if (client.due <= sys::monotonic_now()) {
        client.sent = sys::monotonic_now();
        client.waits = true;
        ::send(client.fd.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
      } else {
        next = std::min(next, client.due);
      }
    }
    const Duration left = std::max(next - sys::monotonic_now(), Duration{});
    const timespec limit{0, left.nanoseconds};
    const int ready = ::epoll_pwait2(epoll.get(), events.data(), 256, &limit, nullptr);
    for (int i = 0; i < ready; ++i) {
      Client& client = clients[events[static_cast<std::size_t>(i)].data.u64];
      if (::recv(client.fd.get(), bytes.data(), bytes.size(), 0) <= 0) return samples;
      const Duration now = sys::monotonic_now();
      samples.push_back((now - client.sent).milliseconds());
      client.waits = false;
      client.due = now + load.pause;
    }
  }
  return samples;
}

BulkServer::BulkServer(int port) : listener_(listen_at_port(port)) {
  thread_ = std::jthread([this](std::stop_token stop) { serve_bulk(listener_, std::move(stop)); });
}

BulkServer::~BulkServer() = default;

double read_bulk(int port) {
  const sys::Fd fd = connect_to_port(port);
  std::vector<char> block(256 << 10);
  double bytes = 0;
  const Duration deadline = sys::monotonic_now() + seconds(2);
  while (sys::monotonic_now() < deadline) {
    const ssize_t got = ::recv(fd.get(), block.data(), block.size(), 0);
    if (got <= 0) break;
    bytes += static_cast<double>(got);
  }
  return bytes;
}

int Caller::call(const std::string& method, const std::string& path, const std::string& body) {
  const std::string text =
      fmt::format("{} {} HTTP/1.1\r\nHost: bench\r\nContent-Length: {}\r\n\r\n{}", method, path,
                  body.size(), body);
  if (::send(fd_.get(), text.data(), text.size(), MSG_NOSIGNAL) < 0) return 0;
  std::array<char, 4096> answer{};  // one packet on loopback
  const ssize_t got = ::recv(fd_.get(), answer.data(), answer.size() - 1, 0);
  return got < 12 ? 0 : static_cast<int>(std::strtol(answer.data() + 9, nullptr, 10));
}

std::optional<double> wrk(int port, bool closes) {
  sys::Command command{.argv = {"taskset", "-c", "0", "wrk", "-t1", "-c64", "-d2s",
                                fmt::format("http://127.0.0.1:{}/", port)}};
  if (closes) command.argv.insert(command.argv.end() - 1, {"-H", "Connection: close"});
  sys::Patience patience(seconds(20));
  const Result<sys::CommandResult> result = sys::run_command(command, patience);
  if (!result.ok()) return std::nullopt;
  const std::size_t at = result->output.find("Requests/sec:");
  if (at == std::string::npos) return std::nullopt;
  return std::strtod(result->output.c_str() + at + 13, nullptr);
}

}  // namespace squall::bench
