// A small HTTP/1.1 server for interfaces of squall itself: one thread, one epoll, answers made at
// once by a function. A client that is slow or silent costs its own connection and nobody's time.
//
// It is for places that are not open to a network: it has no TLS and no login.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "core/duration.h"
#include "core/result.h"
#include "net/http_call.h"
#include "net/resolver.h"
#include "sys/fd.h"

namespace squall::net {

struct HttpAnswer {
  int status = 200;
  std::vector<HttpHeader> headers;  // Date, Content-Length and Connection are added
  std::string body;
};

struct HttpServerLimits {
  Bytes body{8 << 20};
  std::size_t connections = 1000;
  Duration idle = seconds(60);  // between two calls, and for one to arrive or be answered
};

class HttpServer {
 public:
  using Handler = std::function<HttpAnswer(const HttpCall&)>;
  // Called between calls; says when (CLOCK_MONOTONIC) it wants to be called again.
  using Chore = std::function<Duration()>;

  // Errors: as from the kernel, with the place.
  static Result<std::unique_ptr<HttpServer>> listen(const Address& address, Handler handler,
                                                    HttpServerLimits limits = {});
  ~HttpServer();

  // "127.0.0.1:8474", with the port that it really has.
  std::string place() const;
  // Serves until a stop is asked for; the handler and the chore are called on this thread.
  Status serve(std::stop_token stop, const Chore& chore = {});

 private:
  struct Client;
  HttpServer(Handler handler, HttpServerLimits limits);
  int wait_milliseconds(const Chore& chore) const;
  void accept();
  void read(Client& client);
  void answer(Client& client);
  bool write(Client& client);
  void watch(Client& client, bool for_writing) const;
  void drop(int fd);
  void drop_idle(Duration now);

  Handler handler_;
  HttpServerLimits limits_;
  sys::Fd listener_;
  sys::Fd epoll_;
  sys::Fd alarm_;
  sys::Fd spare_;
  std::map<int, std::unique_ptr<Client>> clients_;  // by descriptor
};

}  // namespace squall::net
