// Sockets are watched by their level. While an answer is not written, nothing more is read from
// that client, so no more than one call and one answer of a client are ever held.
#include "net/http_server.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <ctime>

#include <fcntl.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include "sys/clock.h"

namespace squall::net {
namespace {

constexpr int events_max = 64;
constexpr Duration look_for_idle = seconds(1);
constexpr std::size_t piece_size = 64 << 10;
constexpr int pieces_max = 16;  // of a stream, before others have their turn

std::string http_date() {
  const std::time_t now = sys::wall_nanoseconds() / 1'000'000'000;
  std::tm utc{};
  ::gmtime_r(&now, &utc);
  std::array<char, 64> text{};
  std::strftime(text.data(), text.size(), "%a, %d %b %Y %H:%M:%S GMT", &utc);
  return text.data();
}

// A status without a body has no length either (RFC 9110, section 8.6).
std::string render(const HttpAnswer& answer, bool is_head, bool keeps_open) {
  const bool has_length = answer.status != 204 && !answer.stream;
  std::string text = fmt::format("HTTP/1.1 {} {}\r\n", answer.status, reason_phrase(answer.status));
  for (const HttpHeader& header : answer.headers) {
    text += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  text += fmt::format("Date: {}\r\n", http_date());
  if (has_length) text += fmt::format("Content-Length: {}\r\n", answer.body.size());
  if (answer.stream && keeps_open) text += "Transfer-Encoding: chunked\r\n";
  if (!keeps_open) text += "Connection: close\r\n";
  text += "\r\n";
  if (!is_head && has_length) text += answer.body;
  return text;
}

}  // namespace

struct HttpServer::Client {
  sys::Fd fd;
  HttpCallReader reader;
  std::string received;
  std::string unsent;
  std::shared_ptr<HttpStream> stream;
  bool is_chunked = false;  // the stream; else its end is that of the connection
  Duration since;           // of the last call or piece that was answered, or of the connection
  bool is_closing = false;  // after what is unsent
  bool is_watched_for_writing = false;
};

HttpServer::HttpServer(Handler handler, HttpServerLimits limits)
    : handler_(std::move(handler)), limits_(limits) {}
HttpServer::~HttpServer() = default;

Result<std::unique_ptr<HttpServer>> HttpServer::listen(const Address& address, Handler handler,
                                                       HttpServerLimits limits) {
  std::unique_ptr<HttpServer> server(new HttpServer(std::move(handler), limits));
  const int family = address.storage.ss_family;
  server->listener_ = sys::Fd(::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  server->epoll_ = sys::Fd(::epoll_create1(EPOLL_CLOEXEC));
  server->alarm_ = std::make_shared<const sys::Fd>(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  server->spare_.reset(::fcntl(server->alarm_->get(), F_DUPFD_CLOEXEC, 0));
  const int listener = server->listener_.get();
  const int on = 1;
  ::setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  ::setsockopt(listener, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const auto* where = reinterpret_cast<const sockaddr*>(&address.storage);
  if (::bind(listener, where, address.length) != 0 || ::listen(listener, 128) != 0) {
    return errno_error(errno, fmt::format("listening at {}", describe(address)));
  }
  for (const int fd : {listener, server->alarm_->get()}) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    if (::epoll_ctl(server->epoll_.get(), EPOLL_CTL_ADD, fd, &event) != 0) {
      return errno_error(errno, "watching the descriptors of a server");
    }
  }
  return server;
}

std::string HttpServer::place() const {
  Address address;
  address.length = sizeof address.storage;
  ::getsockname(listener_.get(), reinterpret_cast<sockaddr*>(&address.storage), &address.length);
  return describe(address);
}

int HttpServer::wait_milliseconds(const Chore& chore) const {
  if (!chore) return look_for_idle.poll_milliseconds();
  const Duration until = chore();
  const Duration now = sys::monotonic_now();
  if (until <= now) return 0;
  return std::min(until - now, look_for_idle).poll_milliseconds();
}

Status HttpServer::serve(std::stop_token stop, const Chore& chore) {
  const std::stop_callback wake(stop, [fd = alarm_->get()] { ::eventfd_write(fd, 1); });
  std::array<epoll_event, events_max> events;
  Duration looked = sys::monotonic_now();
  while (!stop.stop_requested()) {
    const int ready =
        ::epoll_wait(epoll_.get(), events.data(), events_max, wait_milliseconds(chore));
    if (ready < 0 && errno != EINTR) return errno_error(errno, "waiting for clients");
    for (int i = 0; i < ready; ++i) {
      const epoll_event& event = events[static_cast<std::size_t>(i)];
      if (event.data.fd == listener_.get()) {
        accept();
        continue;
      }
      if (event.data.fd == alarm_->get()) {
        pump_streams();
        continue;
      }
      const auto found = clients_.find(event.data.fd);
      if (found == clients_.end()) continue;
      Client& client = *found->second;
      if (client.unsent.empty()) {
        read(client);
      } else if (!write(client)) {
        continue;
      } else if (client.stream) {
        pump(client);
      } else {
        answer(client);
      }
    }
    const Duration now = sys::monotonic_now();
    if (now - looked < look_for_idle) continue;
    looked = now;
    drop_idle(now);
  }
  return ok();
}

void HttpServer::accept() {
  while (true) {
    sys::Fd fd(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd.valid()) {
      if (errno != EMFILE && errno != ENFILE) return;
      // With no descriptors left the listener would wake us for ever: the spare one takes the
      // client, who is sent away.
      spare_.reset();
      fd.reset(::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
      fd.reset();
      spare_.reset(::fcntl(alarm_->get(), F_DUPFD_CLOEXEC, 0));
      return;
    }
    if (clients_.size() >= limits_.connections) continue;
    const int number = fd.get();
    auto client = std::make_unique<Client>(
        Client{.fd = std::move(fd), .reader = HttpCallReader(limits_.body)});
    client->since = sys::monotonic_now();
    epoll_event event{.events = EPOLLIN, .data = {.fd = number}};
    if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, number, &event) != 0) continue;
    clients_[number] = std::move(client);
  }
}

void HttpServer::read(Client& client) {
  std::array<char, piece_size> piece;
  const ssize_t got = ::recv(client.fd.get(), piece.data(), piece.size(), 0);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
  if (got <= 0) return drop(client.fd.get());
  // Who reads a stream has nothing to say any more.
  if (client.stream) return;
  client.received.append(piece.data(), static_cast<std::size_t>(got));
  answer(client);
}

// Every whole call that has arrived, as long as the client takes the answers.
void HttpServer::answer(Client& client) {
  while (!client.is_closing) {
    Result<std::optional<HttpCall>> call = client.reader.take(client.received);
    if (!call.ok()) {
      client.is_closing = true;
      const int status = call.error().code == Code::refused ? 413 : 400;
      client.unsent = render({.status = status,
                              .headers = {{"Content-Type", "text/plain; charset=utf-8"}},
                              .body = call.error().message + "\n"},
                             false, false);
    } else if (call->has_value()) {
      HttpAnswer made = handler_(**call);
      client.since = sys::monotonic_now();
      if (made.stream) return begin(client, made, (*call)->keeps_open);
      client.is_closing = !(*call)->keeps_open;
      client.unsent = render(made, (*call)->method == "HEAD", !client.is_closing);
    } else if (client.reader.wants_go_ahead()) {
      client.unsent = "HTTP/1.1 100 Continue\r\n\r\n";
    } else {
      return;
    }
    if (!write(client)) return;
  }
}

void HttpServer::begin(Client& client, const HttpAnswer& answer, bool keeps_open) {
  client.unsent = render(answer, false, keeps_open);
  client.stream = answer.stream;
  client.is_chunked = keeps_open;
  client.stream->on_ready([alarm = alarm_] { ::eventfd_write(alarm->get(), 1); });
  if (write(client)) pump(client);
}

// Hands on what the stream has, as long as the client takes it and others have their turn.
void HttpServer::pump(Client& client) {
  for (int round = 0; round < pieces_max; ++round) {
    const std::string piece = client.stream->take();
    const bool is_over = client.stream->is_over();
    if (piece.empty() && !is_over) return;
    if (!client.is_chunked) {
      client.unsent = piece;
    } else if (!piece.empty()) {
      client.unsent = fmt::format("{:x}\r\n{}\r\n", piece.size(), piece);
    }
    if (is_over && client.is_chunked) client.unsent += "0\r\n\r\n";
    client.is_closing = is_over;
    client.since = sys::monotonic_now();
    if (!write(client)) return;
  }
  ::eventfd_write(alarm_->get(), 1);
}

void HttpServer::pump_streams() {
  eventfd_t count = 0;
  ::eventfd_read(alarm_->get(), &count);
  std::vector<int> ready;
  for (const auto& [fd, client] : clients_) {
    if (client->stream && client->unsent.empty()) ready.push_back(fd);
  }
  for (const int fd : ready) pump(*clients_.at(fd));
}

// True when all is written and the client is still there.
bool HttpServer::write(Client& client) {
  while (!client.unsent.empty()) {
    const ssize_t wrote =
        ::send(client.fd.get(), client.unsent.data(), client.unsent.size(), MSG_NOSIGNAL);
    if (wrote > 0) {
      client.unsent.erase(0, static_cast<std::size_t>(wrote));
    } else if (errno == EAGAIN) {
      watch(client, true);
      return false;
    } else if (errno != EINTR) {
      drop(client.fd.get());
      return false;
    }
  }
  if (client.is_closing) {
    drop(client.fd.get());
    return false;
  }
  watch(client, false);
  return true;
}

void HttpServer::watch(Client& client, bool for_writing) const {
  if (client.is_watched_for_writing == for_writing) return;
  client.is_watched_for_writing = for_writing;
  epoll_event event{.events = for_writing ? EPOLLOUT : EPOLLIN, .data = {.fd = client.fd.get()}};
  ::epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, client.fd.get(), &event);
}

void HttpServer::drop(int fd) {
  clients_.erase(fd);
}

void HttpServer::drop_idle(Duration now) {
  std::erase_if(clients_, [&](const auto& entry) {
    const Client& client = *entry.second;
    const bool waits_for_us = client.stream && client.unsent.empty();
    return !waits_for_us && now - client.since > limits_.idle;
  });
}

}  // namespace squall::net
